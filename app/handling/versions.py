"""The versions of element templates: a file beside the handlers, in which each change of a template is kept.

The file holds, for each handler's type, the digests of its templates in the order in which they came; the version is
the place in that order. So every process of a release and the desktop's modeler name the same versions, without a
database.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from app.handling.faults import BadHandler
from app.handling.registry import Handler

FILE = "versions.json"


class VersionsKept:
    """What the files beside the handlers say; each package of handlers has one of its own, or none."""

    def __init__(self, read: Callable[[str], Mapping[str, list[str]]] | None = None) -> None:
        self._read = read or read_kept
        self._found: dict[str, Mapping[str, list[str]]] = {}

    def version(self, handler: Handler, digest: str) -> int:
        """From 1. A template that has changed since the file was written has the next one."""
        package = handler.module.partition(".")[0]
        if package not in self._found:
            self._found[package] = self._read(package)
        digests = self._found[package].get(handler.type, [])
        return len(digests) + (not digests or digests[-1] != digest)


def read_kept(package: str) -> Mapping[str, list[str]]:
    """BadHandler if the file is no such file; nothing if there is none."""
    file = resources.files(package) / FILE
    if not file.is_file():
        return {}
    try:
        kept = json.loads(file.read_text("utf-8"))
        return {str(type): [str(digest) for digest in digests] for type, digests in kept.items()}
    except (ValueError, AttributeError, TypeError) as error:
        raise BadHandler(f"{file} is not what `turnup templates --keep` writes: {error}. Take it from git.") from error


def with_current(kept: Mapping[str, list[str]], current: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """The kept digests and each current (type, digest) that is not the last of its type. Nothing is ever taken away."""
    found = {type: list(digests) for type, digests in kept.items()}
    for type, digest in current:
        digests = found.setdefault(type, [])
        if not digests or digests[-1] != digest:
            digests.append(digest)
    return found


def write_kept(folder: Path, kept: Mapping[str, list[str]]) -> None:
    text = json.dumps(dict(sorted(kept.items())), indent=1)
    (folder / FILE).write_text(text + "\n", "utf-8")


def digest_of(what: Any) -> str:
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:12]
