"""What a row of each code table is. Frozen data and nothing else.

The rule: a row names things in Chinese and in English, and what is only indicative says so in the row itself.
"""

from __future__ import annotations

from typing import Literal

import msgspec


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Where a table's rows come from. `date` is the source's own, ISO 8601 as far as it is known."""

    name: str
    date: str
    licence: str
    publisher: str = ""
    version: str = ""
    sha256: str = ""
    note: str = ""


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """A name in both languages of the pages."""

    zh: str
    en: str

    def text(self, language: str) -> str:
        """The Chinese name for any `zh…` language tag, the English one for every other."""
        return self.zh if language.lower().startswith("zh") else self.en


class Term(Named, frozen=True, kw_only=True):
    """One code of a small table: a work mode, a lodging, an employment model, an insurance, a channel, a language."""

    code: str
    note: str = ""


class Occupation(Named, frozen=True, kw_only=True):
    """An occupation of the national classification; `levels` from the lowest (5) that its standard grades.

    `verified` says whether the code was read in a copy of the occupation's own standard (see SOURCES.md);
    `titles` are what people call the work, most usual first.
    """

    code: str
    levels: tuple[int, ...]
    work_types: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    verified: bool
    source: str


class Level(Named, frozen=True, kw_only=True):
    """A skill level: 5 is the lowest, 1 the highest."""

    level: int


class Skill(Named, frozen=True, kw_only=True):
    """A skill and the occupations that it belongs to; the first of them is its home."""

    code: str
    group: str
    occupations: tuple[str, ...]


class PayUnitRow(Named, frozen=True, kw_only=True):
    """A unit of pay. A month's pay is amount × `per_month` (÷ 12 after × hours a week × 52 where `hourly`)."""

    code: str
    per_month: int
    hourly: bool = False


class PayBandRow(msgspec.Struct, frozen=True, kw_only=True):
    """A published wage band: whole yuan per `unit`, both ends included. Indicative only; never a rule of matching.

    `level` is None where the source does not state the national level, which so far none does.
    """

    region: str
    occupation: str
    work: str
    unit: str
    low: int
    high: int
    year: int
    source: str
    kind: Literal["guidance", "market"]
    mid: int | None = None
    mode: str | None = None
    level: int | None = None


class FilterText(msgspec.Struct, frozen=True, kw_only=True):
    """What a hard filter says to a person: when it fails, when it is unknown, and the question that settles it."""

    code: str
    name: Named
    fail: Named
    unknown: Named
    question: Named


ReasonKind = Literal[
    "priority",
    "skip",
    "rejected",
    "withdrawn",
    "expired",
    "fell_through",
    "no_show",
    "left_early",
    "ended_by_employer",
    "refused",
    "matched",
]


class Reason(Named, frozen=True, kw_only=True):
    """A reason code with its sentence. `kind` is the state or the event that the code may stand beside."""

    code: str
    kind: ReasonKind


class ScoreTerm(Named, frozen=True, kw_only=True):
    """A term of one of the two scores, as an explanation names it."""

    code: str
    score: Literal["fit", "appeal"]
