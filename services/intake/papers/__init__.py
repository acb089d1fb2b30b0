"""The pages at /docs: the two documents that the program serves, for people to read; made once a language.

Whatever is shown comes from the documents themselves, so a page cannot say anything else than they do. What frames it
is in the reader's language; names and descriptions are the documents' own, in English.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from livefair import asyncapi
from services.intake import openapi
from services.intake.papers import http, index, live
from services.intake.papers.parts import Page
from services.intake.rendering import Setting
from services.intake.site import Words
from services.intake.texts import Language

Make = Callable[[Words, Mapping[str, Any]], Page]

PAPERS: Mapping[str, tuple[Make, Callable[[], dict[str, Any]]]] = {
    "": (index.page, dict),
    "http": (http.page, openapi.document),
    "live": (live.page, asyncapi.document),
}
"""Each page by the last part of its path: how it is made, and of which document."""


class Papers:
    """Renders them; each is made when it is first asked for."""

    def __init__(self) -> None:
        self._made: dict[tuple[str, Language], Page] = {}

    def page(self, setting: Setting, name: str) -> str:
        """A page of PAPERS as HTML."""
        key = (name, setting.language)
        if key not in self._made:
            make, document = PAPERS[name]
            self._made[key] = make(setting.words, document())
        made = self._made[key]
        values = setting.values(title=made.title, lead=made.lead)
        values["contents"], values["body"] = made.contents, made.body
        return setting.files.page("docs.html", values)
