"""Workers: who is alive, since when, and how busy."""

from __future__ import annotations

from flask import Blueprint

from app.dashboard.pages import Pages, wants_fragment
from app.engine import queries


class WorkerPages(Pages):
    def routes(self, blueprint: Blueprint) -> None:
        blueprint.add_url_rule("/workers", "workers", self.show, methods=["GET"])

    def show(self) -> str:
        with self.parts.database.reading() as connection:
            facts = {
                "workers": queries.list_workers(connection, self.parts.clock.now()),
                "embedded": self.parts.database.is_sqlite,
            }
            if wants_fragment():
                return self.update(connection, "workers_list.html", **facts)
            return self.page(connection, "workers.html", **facts)
