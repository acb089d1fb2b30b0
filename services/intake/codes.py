"""Whether a code is of the tables, and if not, which was perhaps meant.

A code counts only as the current release of the tables has it; nearness goes into the message alone.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator

from livefair import tables
from services.intake.problems import FieldError, shown

Path = tuple[str | int, ...]


class Codes:
    """One release of the tables, as the door asks it."""

    def __init__(self, rows: tables.Tables) -> None:
        self.tables = rows
        self.release = rows.release
        self._sets: dict[str, frozenset[str]] = {
            "occupations": frozenset(rows.occupations),
            "skills": frozenset(rows.skills),
            "languages": frozenset(rows.languages),
            "channels": frozenset(rows.channels),
            "provinces": frozenset(region.province for region in rows.regions.provinces()),
        }
        self._counties: dict[str, bool] = {}

    def wrong(self, table: str, codes: Iterable[str], path: Path) -> Iterator[FieldError]:
        """An error for each code of a list that the table lacks."""
        known = self._sets[table]
        for number, code in enumerate(codes):
            if code not in known:
                yield self._unknown(table, code, (*path, number))

    def wrong_one(self, table: str, code: str, path: Path) -> Iterator[FieldError]:
        """An error where the table lacks the code."""
        if code not in self._sets[table]:
            yield self._unknown(table, code, path)

    def wrong_county(self, code: str, path: Path) -> Iterator[FieldError]:
        """An error where the code is not that of a county, or of a place that has none below it."""
        finest = self._counties.get(code)
        if finest is None:
            finest = self.tables.regions.is_finest(code)
            if finest:  # only what is there is remembered, so that nobody fills the memory
                self._counties[code] = finest
        if not finest:
            regions = self.tables.regions
            yield FieldError(
                path,
                "unknown-region",
                {"why": {"en": regions.explain(code, "en"), "zh-CN": regions.explain(code, "zh-CN")}},
            )

    def _unknown(self, table: str, code: str, path: Path) -> FieldError:
        near = self._near(table, code, self._sets[table])
        version = self.tables.versions["regions" if table == "provinces" else table]
        return FieldError(
            path,
            "unknown-code",
            {
                "value": shown(code),
                "table": _NAMES[table],
                "version": version,
                "near": {
                    "en": f": did you mean {' or '.join(near)}?" if near else "",
                    "zh-CN": f"：是不是 {'、'.join(near)}？" if near else "",
                },
            },
        )

    def _near(self, table: str, code: str, known: Collection[str]) -> list[str]:
        """Codes whose letters or names are like what was given."""
        wanted = code[:40].lower()
        close = difflib.get_close_matches(wanted, sorted(known), n=3, cutoff=0.6)
        if close or table == "provinces":
            return close
        named = getattr(self.tables, table)
        return [each for each in sorted(known) if wanted in (named[each].zh, named[each].en.lower())][:3]


_NAMES = {
    "occupations": {"en": "occupation", "zh-CN": "职业"},
    "skills": {"en": "skill", "zh-CN": "技能"},
    "languages": {"en": "language", "zh-CN": "语言"},
    "channels": {"en": "channel", "zh-CN": "来源渠道"},
    "provinces": {"en": "province", "zh-CN": "省份"},
}
