"""Writes what the pages need of the code tables: i18n/codes.{lang}.json, and regions/{province}.json for the county list.

    python -m web.tables

The rule: a pure function of the current release of livefair.tables; the files are committed, and a test says when they are stale.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from livefair import tables

HERE = Path(__file__).parent
LANGUAGES = ("zh-CN", "en")


def _name(code: str) -> str:
    """A code as a placeholder of string.Template can hold it: `live-in` → `live_in`."""
    return code.replace("-", "_")


def _codes(rows: tables.Tables) -> Iterator[tuple[str, tables.Named]]:
    """Every key with its two names, in the order of the tables."""
    for kind, table in (
        ("occupation", rows.occupations),
        ("skill", rows.skills),
        ("mode", rows.modes),
        ("lodging", rows.lodging),
        ("insurance", rows.insurances),
        ("language", rows.languages),
        ("pay_unit", rows.pay_units),
        ("reason", rows.reasons),
        ("channel", rows.channels),
    ):
        for code, row in table.items():
            yield f"{kind}_{_name(code)}", row
    for level, each in rows.levels.items():
        yield f"level_{level}", tables.Named(zh=each.zh, en=each.en)
    for (score, code), term in rows.score_terms.items():
        yield f"{score}_{_name(code)}", term
    for code, text in rows.filters.items():
        yield f"filter_{_name(code)}", text.name
        yield f"filter_{_name(code)}_fail", text.fail
        yield f"filter_{_name(code)}_unknown", text.unknown
        yield f"filter_{_name(code)}_question", text.question
    for region in rows.regions.provinces():
        yield f"province_{region.province}", tables.Named(zh=region.zh, en=region.en)


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=0, separators=(",", ":")) + "\n"


def files() -> dict[str, str]:
    """Path under web/ → text, for every file that is made."""
    rows = tables.load()
    codes = list(_codes(rows))
    made = {f"i18n/codes.{language}.json": _dump({key: row.text(language) for key, row in codes}) for language in LANGUAGES}
    for province in rows.regions.provinces():
        below = {
            code: f"{region.zh}|{region.en}" for code, region in rows.regions.items() if code[:2] == province.province and region is not province
        }
        made[f"regions/{province.province}.json"] = _dump(
            {"table": rows.versions["regions"], "name": f"{province.zh}|{province.en}", "rows": below}
        )
    return made


def main() -> None:
    """Write them all, and take away a region file that is of no province any more."""
    made = files()
    for old in (HERE / "regions").glob("*.json"):
        if f"regions/{old.name}" not in made:
            old.unlink()
    for name, text in made.items():
        (HERE / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
