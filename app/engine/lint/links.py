"""Links: within one process or sub-process a name is caught once, and thrown."""

from __future__ import annotations

from collections.abc import Iterator

from app.engine.diagram import Diagram, Element, Finding

Place = tuple[str, str]  # the process or sub-process, the name


def check_links(diagram: Diagram) -> Iterator[Finding]:
    caught: dict[Place, Element] = {}
    thrown: dict[Place, list[Element]] = {}
    for link in [element for element in diagram.elements.values() if element.event == "link"]:
        place = (link.parent, link.link or "")
        if not place[1].strip():
            message = "This link has no name, so it leads nowhere."
            remedy = "Give the link that is thrown and the one that catches one name."
            yield Finding.error(link, "no_link", message, remedy)
        elif link.type == "intermediateThrowEvent":
            thrown.setdefault(place, []).append(link)
        elif caught.setdefault(place, link) is not link:
            message = f"'{caught[place].id}' catches the link '{place[1][:60]}' already."
            yield Finding.error(link, "link_caught_twice", message, "Give one of them another name, or merge them.")
    for place in [place for place in thrown if place not in caught]:
        for link in thrown[place]:
            message = f"Nothing in this process or sub-process catches the link '{place[1][:60]}'."
            remedy = "Draw a link catch event of the same name beside it."
            yield Finding.error(link, "link_without_catch", message, remedy)
    for place in [place for place in caught if place not in thrown]:
        message = f"Nothing in this process or sub-process leads to the link '{place[1][:60]}'."
        remedy = "Draw a link throw event of the same name, or delete it."
        yield Finding.error(caught[place], "link_without_throw", message, remedy)
