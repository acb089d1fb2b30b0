"""The files of web/, read once: pages and fragments as templates, words by language, everything else as it is.

A path that is not one of the files read at the start is not there, so none leads out of the directory.
"""

from __future__ import annotations

import gzip
import html
import mimetypes
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Any, NamedTuple

import orjson

from services.intake.texts import Language
from services.intake.versions import etag_of

WEB = Path(__file__).parents[2] / "web"
LANGUAGES: tuple[Language, ...] = ("zh-CN", "en")
_SERVED = {".js", ".css", ".svg", ".json", ".png", ".ico", ".woff2", ".txt", ".md"}
_TYPES = {".js": "text/javascript", ".md": "text/plain", ".json": "application/json", ".svg": "image/svg+xml"}
_EMPTY = ("checked_", "selected_", "value_", "error_")


class File(NamedTuple):
    """One file as it is served."""

    content_type: str
    etag: str
    body: bytes
    packed: bytes


class Values(dict[str, str]):
    """What a template is filled with: a field that was not posted is empty, any other missing name is a fault."""

    def __missing__(self, name: str) -> str:
        if name.startswith(_EMPTY):
            return ""
        raise KeyError(name)


class Words:
    """The words of one language, for people (`text`) and ready for HTML (`escaped`)."""

    def __init__(self, language: Language, folder: Path) -> None:
        self.language = language
        self._texts: dict[str, str] = orjson.loads((folder / f"{language}.json").read_bytes())
        self._codes: dict[str, str] = orjson.loads((folder / f"codes.{language}.json").read_bytes())
        self.escaped = {f"t_{key}": html.escape(text) for key, text in self._texts.items()}
        self.escaped |= {key: html.escape(text) for key, text in self._codes.items()}

    def __contains__(self, key: str) -> bool:
        return key in self._texts

    def text(self, key: str, **values: object) -> str:
        """The string of a key, `{name}` replaced."""
        return _filled(self._texts[key], values)

    def code(self, kind: str, code: str) -> str:
        """The name of a code of the tables; the code itself where there is none."""
        return self._codes.get(f"{kind}_{code.replace('-', '_')}", code)


class Files:
    """Everything that is under web/."""

    def __init__(self, folder: Path = WEB) -> None:
        self.words = {language: Words(language, folder / "i18n") for language in LANGUAGES}
        self._templates = {
            str(path.relative_to(folder)): Template(path.read_text(encoding="utf-8"))
            for pattern in ("*.html", "fragments/*.html")
            for path in folder.glob(pattern)
        }
        self.static = {
            str(path.relative_to(folder)): _file(path)
            for path in folder.rglob("*")
            if path.is_file() and path.suffix in _SERVED and path.parent != folder / "fragments"
        }

    def page(self, name: str, values: Mapping[str, Any]) -> str:
        """A template, filled. What is marked HTML in web/README.md is given as it is, the rest escaped already."""
        return self._templates[name].substitute(values)


def _file(path: Path) -> File:
    body = path.read_bytes()
    kind = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    packed = gzip.compress(body, 9, mtime=0)
    return File(kind, etag_of(body), body, packed if len(packed) < len(body) else b"")


def _filled(text: str, values: Mapping[str, object]) -> str:
    for name, value in values.items():
        text = text.replace("{" + name + "}", str(value))
    return text
