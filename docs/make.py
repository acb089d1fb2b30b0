"""`make docs` (`python -m docs.make`): writes all of the papers that is made of code; a test says when it is stale.

The two documents are whole files. In a page, what stands between `<!-- NAME: made by make docs -->` and
`<!-- /NAME -->` is made, and the rest is written by hand.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from docs import flow, tables
from livefair import asyncapi
from services.intake import openapi

ROOT = Path(__file__).parents[1]

_ENGLISH = {
    "people": "host · candidate · employer",
    "phone": "phone",
    "routed": "routed",
    "deadlines": "deadlines",
    "fair desk": "fair desk",
    "candidate desk": "candidate desk",
    "seat ledger": "seat ledger",
}
_CHINESE = {
    "people": "主播 · 求职者 · 雇主",
    "phone": "手机",
    "routed": "转发",
    "deadlines": "到期",
    "fair desk": "招聘会台",
    "candidate desk": "求职台",
    "seat ledger": "席位账",
}

Make = Callable[[], str]

FILES: Mapping[str, Callable[[], bytes]] = {
    "docs/openapi.json": openapi.as_bytes,
    "docs/asyncapi.json": asyncapi.as_bytes,
}
BLOCKS: Mapping[str, Mapping[str, Make]] = {
    "README.md": {"flow": lambda: _mermaid(flow.way(_ENGLISH))},
    "README.zh-CN.md": {"flow": lambda: _mermaid(flow.way(_CHINESE))},
    "docs/design.md": {"flow": lambda: _mermaid(flow.picture(_ENGLISH))},
    "docs/operations.md": {"settings": tables.settings, "topics": tables.topics},
}


def papers() -> dict[str, bytes]:
    """Every paper with something made in it, by its path, as it should be."""
    made = {path: make() for path, make in FILES.items()}
    for path, blocks in BLOCKS.items():
        text = (ROOT / path).read_text(encoding="utf-8")
        for name, make in blocks.items():
            text = _put(path, text, name, make())
        made[path] = text.encode()
    return made


def stale() -> list[str]:
    """The papers that are not as they should be."""
    return [path for path, body in papers().items() if not (ROOT / path).exists() or (ROOT / path).read_bytes() != body]


def _put(path: str, text: str, name: str, made: str) -> str:
    block = re.compile(rf"(<!-- {name}: made by make docs -->\n).*?(<!-- /{name} -->)", re.DOTALL)
    found, count = block.subn(lambda match: f"{match[1]}{made}{match[2]}", text)
    if count != 1:
        raise SystemExit(f"{path}: there must be one block <!-- {name}: made by make docs --> … <!-- /{name} -->")
    return found


def _mermaid(picture: str) -> str:
    return f"```mermaid\n{picture}```\n"


if __name__ == "__main__":
    for changed in stale():
        (ROOT / changed).write_bytes(papers()[changed])
        sys.stdout.write(f"{changed}\n")
