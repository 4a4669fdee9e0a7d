"""Who may keep which kind of draft: whoever may deploy it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from app.core.db import Database
from app.drafts import store
from app.drafts.reading import DraftKind
from app.identity.permissions import Permission
from app.web.acting import deed

DEPLOYS: Final[Mapping[DraftKind, Permission]] = {
    DraftKind.PROCESS: Permission.DEPLOY_DEFINITION,
    DraftKind.DECISIONS: Permission.DEPLOY_DECISIONS,
    DraftKind.FORM: Permission.DEPLOY_DEFINITION,
}


def draws(kind: DraftKind) -> None:
    """The present request is about a draft of that kind; MissingPermission."""
    deed().turns_to(DEPLOYS[kind])


def draws_on(database: Database, draft_id: str) -> None:
    """As `draws`, about a draft that there is; a draft's kind never changes. UnknownDraft."""
    with database.reading() as connection:
        draws(DraftKind(store.view(connection, draft_id).kind))
