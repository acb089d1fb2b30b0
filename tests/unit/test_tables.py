"""The committed tables: whole, consistent with each other and with what the domain calls things."""

from __future__ import annotations

import hashlib
import json
from typing import get_args

import msgspec
import pytest

from livefair.domain import applications, jobs, pay, people
from livefair.domain.rules import RULE_TABLES
from livefair.tables import Tables, build, load, releases
from livefair.tables.loader import DATA


@pytest.fixture(scope="module")
def tables() -> Tables:
    return load()


def test_every_region_has_six_digits_and_its_parents(tables: Tables) -> None:
    assert len(tables.regions) > 3000
    for code, region in tables.regions.items():
        assert region.code == code
        assert len(code) == 6
        assert code.isdecimal()
        assert region.zh
        assert region.en.isprintable()
        assert not any("\u4e00" <= letter <= "\u9fff" for letter in region.en)
        above = [parent.level for parent in region.parents()]
        assert (
            above
            in {"province": [[]], "city": [["province"]], "county": [["city", "province"], ["province"]]}[region.level]
        )
        assert all(tables.region(parent.code) is parent for parent in region.parents())
        assert tables.regions.province(region.province) is (region.parents() or (region,))[-1]


def test_no_code_is_written_twice() -> None:
    for path in DATA.glob("*-*.json"):
        json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_unique)


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    keys = [key for key, _ in pairs]
    assert len(keys) == len(set(keys))
    return dict(pairs)


def test_codes_of_every_table_are_unique(tables: Tables) -> None:
    for table, versioned in tables.versions.items():
        path = DATA / f"{versioned.replace('/', '-')}.json"
        assert path.exists(), table
        rows = json.loads(path.read_text(encoding="utf-8"))["rows"]
        if table in ("regions", "pay-bands"):
            continue
        codes = [(row.get("score"), row.get("code", row.get("level"))) for row in rows]
        assert len(codes) == len(set(codes)), table


def test_the_corridor_is_there_by_name(tables: Tables) -> None:
    yanggao = tables.regions["140221"]
    assert yanggao.full_text("zh-CN") == "山西省大同市阳高县"
    assert yanggao.full_text("en") == "Yanggao County, Datong City, Shanxi"
    assert (yanggao.province, yanggao.city) == ("14", "140200")
    assert yanggao.within("140200")
    assert yanggao.within("140000")
    assert not yanggao.within("110000")
    assert tables.regions["110105"].full_text("zh") == "北京市朝阳区"
    assert tables.regions["110105"].city is None
    assert tables.regions["141028"].en == "Jixian County"
    assert tables.regions["141024"].en == "Hongtong County"
    assert tables.regions["451031"].en == "Longlin Multi-ethnic Autonomous County"


@pytest.mark.parametrize("code", ["140202", "140203", "140211", "140227", "110103", "110104", "110228", "110229"])
def test_an_abolished_code_is_unknown_and_says_so(tables: Tables, code: str) -> None:
    assert tables.region(code) is None
    gone = tables.regions.gone(code)
    assert gone is not None
    assert f"{code} ({gone.zh}) was abolished" in tables.regions.explain(code)
    assert tables.regions.suggest(code)


@pytest.mark.parametrize(
    "code", ["", "14", "1402", "140299", "000000", "999999", "140271", "110100", "419000", "14022１", "县"]
)
def test_what_is_no_code_is_unknown(tables: Tables, code: str) -> None:
    assert tables.region(code) is None
    assert tables.regions.gone(code) is None


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("阳高", "140221"),
        ("山西省大同市天镇", "140222"),
        ("大同市阳高县", "140221"),
        ("yanggao", "140221"),
        ("Yanggo", "140221"),
        ("Lvliang", None),
        ("luliang", "141100"),
        ("140212", None),
        ("110228", "110118"),
        ("密云", "110118"),
        ("省", None),
        ("!!", None),
        ("y" * 10_000, None),
        ("县" * 10_000, None),
    ],
)
def test_a_suggestion_is_the_place_that_was_meant(tables: Tables, typed: str, meant: str | None) -> None:
    found = [region.code for region in tables.regions.suggest(typed)]
    assert len(found) <= 3
    if meant is not None:
        assert meant in found


def test_an_explanation_names_the_code_the_standard_and_a_county_near_it(tables: Tables) -> None:
    english = tables.regions.explain("140299")
    assert english.startswith("140299 is not a county of GB/T 2260 (2023): did you mean 140212 新荣区")
    assert tables.regions.explain("140299", "zh-CN").startswith(
        "140299 不是 GB/T 2260（2023）的县级代码；是不是 140212 新荣区"
    )
    assert "is a city, and a county is needed" in tables.regions.explain("140200")
    assert len(tables.regions.explain("x" * 10_000)) < 200


def test_the_finest_are_counties_and_what_has_none_below(tables: Tables) -> None:
    regions = tables.regions
    assert regions.is_finest("140221")
    assert regions.is_finest("441900"), "东莞市 has no counties"
    assert regions.is_finest("810000")
    assert not regions.is_finest("140200")
    assert not regions.is_finest("140000")
    assert not regions.is_finest("140299")
    assert {child.code for child in regions.children("140000")} >= {"140100", "140200"}
    assert sum(len(regions.children(code)) for code in regions) == len(regions) - len(regions.provinces())


def test_abolished_and_current_codes_are_apart(tables: Tables) -> None:
    assert not [code for code in tables.regions if tables.regions.gone(code) is not None]


def test_the_tables_use_the_names_of_the_domain(tables: Tables) -> None:
    assert set(tables.modes) == set(get_args(people.Mode))
    assert set(tables.lodging) == set(get_args(jobs.Lodging))
    assert set(tables.employment_models) == set(get_args(jobs.EmploymentModel))
    assert set(tables.insurances) == set(get_args(jobs.Insurance))
    assert set(tables.pay_units) == set(get_args(pay.PayUnit))
    assert people.Source().channel in tables.channels
    ends = {reason.kind for reason in tables.reasons.values()} - {"priority", "skip", "refused"}
    assert ends <= set(get_args(applications.ApplicationState))


@pytest.mark.parametrize("hours", [None, 1, 20, 40, 84])
def test_pay_units_convert_as_the_domain_does(tables: Tables, hours: int | None) -> None:
    figures = json.loads((DATA / f"{tables.versions['pay-units'].replace('/', '-')}.json").read_text(encoding="utf-8"))
    for unit in tables.pay_units.values():
        fen = 3700 * unit.per_month
        if unit.hourly:
            fen = fen * (hours or figures["hours_week"]) * figures["weeks_year"] // 12
        assert fen == pay.monthly_fen(37, unit.code, hours)  # type: ignore[arg-type]


def test_rows_refer_to_rows_that_exist(tables: Tables) -> None:
    for skill in tables.skills.values():
        assert set(skill.occupations) <= set(tables.occupations)
    for occupation in tables.occupations.values():
        assert set(occupation.levels) <= set(tables.levels)
        assert list(occupation.levels) == sorted(occupation.levels, reverse=True)
        assert occupation.source in tables.sources["occupations"]
    for band in tables.pay_bands:
        assert band.region in tables.regions
        assert band.occupation in tables.occupations
        assert band.unit in tables.pay_units
        assert band.mode is None or band.mode in tables.modes
        assert band.low <= (band.mid or band.high) <= band.high
        assert band.source in tables.sources["pay-bands"]


def test_every_filter_of_the_rules_has_its_sentences(tables: Tables) -> None:
    for version in RULE_TABLES.values():
        assert set(version.filters) <= set(tables.filters)
    for row in tables.filters.values():
        for text in (row.name, row.fail, row.unknown, row.question):
            assert text.zh
            assert text.en
            assert text.text("zh-CN") == text.zh
            assert text.text("en") == text.text("fr") == text.en


def test_every_term_of_the_rules_has_its_name(tables: Tables) -> None:
    for version in RULE_TABLES.values():
        assert {("fit", term.code) for term in version.fit} <= set(tables.score_terms)
        assert {("appeal", term.code) for term in version.appeal} <= set(tables.score_terms)


def test_a_reason_reads_in_both_languages_and_an_unknown_one_as_itself(tables: Tables) -> None:
    assert tables.reason_text("level", "zh") == "技能等级低于岗位要求"
    assert tables.reason_text("filled", "en") == "the job has been filled"
    assert tables.reason_text("no-such-code", "zh") == "no-such-code"


def test_every_table_names_its_source_date_and_licence(tables: Tables) -> None:
    assert set(tables.sources) == set(tables.versions)
    for sources in tables.sources.values():
        assert sources
        for source in sources.values():
            assert source.name
            assert source.date
            assert source.licence


def test_the_release_is_frozen_and_read_once(tables: Tables) -> None:
    assert load() is tables
    assert tables.release in releases()
    assert load(tables.release).versions == tables.versions
    with pytest.raises(AttributeError):
        tables.release = "other"  # type: ignore[misc]
    with pytest.raises(TypeError):
        tables.skills["x"] = tables.skills["cooking"]  # type: ignore[index]
    with pytest.raises(KeyError):
        load("1999-01")


def test_the_index_and_the_page_of_sources_are_those_of_the_tables() -> None:
    """A row was changed without a new version, or `python -m livefair.tables.build index` was forgotten."""
    written = msgspec.json.decode((DATA / "index.json").read_bytes())
    for name, digest in written["sha256"].items():
        assert hashlib.sha256((DATA / name).read_bytes()).hexdigest() == digest, name
    assert written == build.index()
    assert (build.HERE / "SOURCES.md").read_text(encoding="utf-8") == build.sources_page()
