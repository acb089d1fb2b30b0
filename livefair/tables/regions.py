"""Places by their GB/T 2260 code: province, city, county.

The rule: a code that this version of the table does not hold is unknown, however near it is to one that it does;
nearness only ever goes into a message.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Literal

import msgspec

from livefair.tables import nearest

RegionLevel = Literal["province", "city", "county"]


class Region(msgspec.Struct, frozen=True):
    """One place. `code` has six digits; `parent` is the city's or province's region, None for a province."""

    code: str
    zh: str
    en: str
    parent: Region | None = None

    @property
    def level(self) -> RegionLevel:
        """Province, city or county, as the zeros of the code say."""
        if self.code.endswith("0000"):
            return "province"
        return "city" if self.code.endswith("00") else "county"

    @property
    def province(self) -> str:
        """The two-digit code of its province, as `provinces` of a sign-up names one."""
        return self.code[:2]

    @property
    def city(self) -> str | None:
        """The six-digit code of its city (its own, for a city); None where no city stands over it."""
        if self.level == "city":
            return self.code
        return self.parent.code if self.parent is not None and self.parent.level == "city" else None

    def parents(self) -> tuple[Region, ...]:
        """The regions that hold it, nearest first: 140221 → 140200, 140000."""
        return () if self.parent is None else (self.parent, *self.parent.parents())

    def within(self, code: str) -> bool:
        """Whether it is the region of that code or lies in it."""
        return self.code == code or any(parent.code == code for parent in self.parents())

    def text(self, language: str) -> str:
        """Its own name: Chinese for any `zh…` language tag, else English."""
        return self.zh if language.lower().startswith("zh") else self.en

    def full_text(self, language: str) -> str:
        """Its name within its parents: 山西省大同市阳高县, or Yanggao County, Datong City, Shanxi."""
        chain = (self, *self.parents())
        if language.lower().startswith("zh"):
            return "".join(region.zh for region in reversed(chain))
        return ", ".join(region.en for region in chain)


class Gone(msgspec.Struct, frozen=True):
    """A county code that was valid once: its last name, and the last month (YYYY-MM) in which a revision had it."""

    code: str
    zh: str
    last_seen: str


class Regions(Mapping[str, Region]):
    """Every region of one version of the table, by code; and what to say about a code that is not one of them."""

    def __init__(self, version: str, rows: Mapping[str, str], abolished: Mapping[str, str]) -> None:
        """`rows` and `abolished` as the table's file holds them: code → "name|English name" or "name|last month"."""
        self.version = version
        self._rows = rows
        self._abolished = abolished
        self._made: dict[str, Region] = {}
        self._children: dict[str, tuple[str, ...]] | None = None

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __contains__(self, code: object) -> bool:
        return code in self._rows

    def __getitem__(self, code: str) -> Region:
        made = self._made.get(code)
        if made is None:
            zh, _, en = self._rows[code].partition("|")
            above = self._above(code)
            made = self._made[code] = Region(code, zh, en, self[above] if above else None)
        return made

    def _above(self, code: str) -> str | None:
        if code.endswith("0000"):
            return None
        city, province = code[:4] + "00", code[:2] + "0000"
        return city if city != code and city in self._rows else province

    def province(self, digits: str) -> Region | None:
        """The province of a two-digit code (`14`), as `provinces` of a sign-up names one."""
        return self.get(digits + "0000") if len(digits) == 2 else None

    def provinces(self) -> tuple[Region, ...]:
        """Every province, in the order of their codes."""
        return tuple(self[code] for code in self._rows if code.endswith("0000"))

    def children(self, code: str) -> tuple[Region, ...]:
        """The regions right under one; none for a county, and none for a city that has no counties (东莞市)."""
        if self._children is None:
            below: dict[str, list[str]] = {}
            for each in self._rows:
                above = self._above(each)
                if above is not None:
                    below.setdefault(above, []).append(each)
            self._children = {above: tuple(codes) for above, codes in below.items()}
        return tuple(self[child] for child in self._children.get(code, ()))

    def is_finest(self, code: str) -> bool:
        """Whether a person can be said to live there and no nearer: a county, or what has none below it."""
        return code in self._rows and not self.children(code)

    def gone(self, code: str) -> Gone | None:
        """What an abolished code was; None where it was never one, or is one still."""
        text = self._abolished.get(code)
        if text is None:
            return None
        zh, _, month = text.partition("|")
        return Gone(code, zh, month)

    def suggest(self, code_or_name: str, limit: int = 3) -> tuple[Region, ...]:
        """The regions nearest to a code or a name that is none, nearest first; for messages only."""
        text = "".join(code_or_name.split())[: nearest.LETTERS]
        if text.isascii() and text.isdecimal():
            gone = self.gone(text)
            found = (gone and self._heirs(gone)) or self._search.by_code(text)
        else:
            found = self._search.by_name(text)
        return tuple(self[code] for code in list(dict.fromkeys(found))[:limit])

    def explain(self, code_or_name: str, language: str = "en") -> str:
        """One sentence on why this is not the code of a county, and which was perhaps meant."""
        shown = "".join(c for c in code_or_name.strip() if c.isprintable())[: nearest.LETTERS]
        gone, known = self.gone(shown), self.get(shown)
        near = self.children(shown)[:3] if known is not None else self.suggest(shown)
        names = [f"{region.code} {region.zh}" for region in near]
        standard = f"GB/T 2260 ({self.version[:4]})"
        if language.lower().startswith("zh"):
            standard = f" GB/T 2260（{self.version[:4]}）"
            if gone is not None:
                why = f"{shown}（{gone.zh}）已撤销，不在{standard}中"
            elif known is not None:
                why = f"{shown}（{known.zh}）不是县级，请写到县"
            else:
                why = f"{shown or '空白'} 不是{standard}的县级代码"
            return f"{why}；是不是 {'、'.join(names)}？" if names else f"{why}。"
        if gone is not None:
            why = f"{shown} ({gone.zh}) was abolished and is no county of {standard}"
        elif known is not None:
            why = f"{shown} ({known.zh}) is a {known.level}, and a county is needed"
        else:
            why = f"{shown or 'an empty value'} is not a county of {standard}"
        return f"{why}: did you mean {' or '.join(names)}?" if names else why

    @functools.cached_property
    def _search(self) -> nearest.Search:
        return nearest.Search(self._rows)

    def _heirs(self, gone: Gone) -> list[str]:
        """Counties that may have taken over an abolished one: of its name in its city or province, else its city's."""
        if len(gone.zh) > 2:  # 城区, 郊区 and 矿区 name nothing
            for head in (4, 2):
                alike = [code for code in self._rows if code[:head] == gone.code[:head]]
                same = [code for code in alike if nearest.stem(self[code].zh) == nearest.stem(gone.zh)]
                if same:
                    return same
        return [region.code for region in self.children(gone.code[:4] + "00")]
