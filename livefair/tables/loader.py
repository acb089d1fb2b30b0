"""Reads one release of the tables and holds it, frozen.

The rule: no network, no clock; a release that was once named in a record can be loaded as long as its files lie here.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import msgspec

from livefair.tables import rows
from livefair.tables.regions import Region, Regions

DATA = Path(__file__).parent / "data"

_Row = TypeVar("_Row", bound=msgspec.Struct)


class _Index(msgspec.Struct, frozen=True):
    current: str
    releases: dict[str, dict[str, str]]


class _Head(msgspec.Struct, frozen=True):
    id: str
    version: str
    sources: dict[str, rows.Source]


class _RegionFile(_Head, frozen=True):
    rows: dict[str, str]
    abolished: dict[str, str]


class Tables(msgspec.Struct, frozen=True, kw_only=True):
    """One release of every table. Codes map to rows; an unknown code is simply not there.

    `release` names the whole (`2026-11`); `versions` each table's own, as records may name it: `regions/2023-06`.
    """

    release: str
    versions: Mapping[str, str]
    sources: Mapping[str, Mapping[str, rows.Source]]
    regions: Regions
    occupations: Mapping[str, rows.Occupation]
    levels: Mapping[int, rows.Level]
    skills: Mapping[str, rows.Skill]
    languages: Mapping[str, rows.Term]
    modes: Mapping[str, rows.Term]
    lodging: Mapping[str, rows.Term]
    employment_models: Mapping[str, rows.Term]
    insurances: Mapping[str, rows.Term]
    channels: Mapping[str, rows.Term]
    pay_units: Mapping[str, rows.PayUnitRow]
    pay_bands: tuple[rows.PayBandRow, ...]
    filters: Mapping[str, rows.FilterText]
    reasons: Mapping[str, rows.Reason]
    score_terms: Mapping[tuple[str, str], rows.ScoreTerm]

    def region(self, code: str) -> Region | None:
        """The region of a six-digit code; None for one that is unknown or abolished (`regions.explain` says which)."""
        return self.regions.get(code)

    def occupation(self, code: str) -> rows.Occupation | None:
        """The occupation of a code of the national classification, or None."""
        return self.occupations.get(code)

    def skill(self, code: str) -> rows.Skill | None:
        """The skill of a code, or None."""
        return self.skills.get(code)

    def reason_text(self, code: str, language: str) -> str:
        """The sentence of a reason code, or of a filter code as it fails; the code itself where it is of no table."""
        if code in self.reasons:
            return self.reasons[code].text(language)
        if code in self.filters:
            return self.filters[code].fail.text(language)
        return code


def _file(table: str, version: str) -> bytes:
    return (DATA / f"{table}-{version}.json").read_bytes()


@functools.cache
def _index() -> _Index:
    return msgspec.json.decode((DATA / "index.json").read_bytes(), type=_Index)


def releases() -> tuple[str, ...]:
    """Every release that can be loaded, oldest first."""
    return tuple(sorted(_index().releases))


@functools.cache
def load(release: str | None = None) -> Tables:
    """The tables of a release (default: the current one), read once per process. KeyError for one that is none."""
    index = _index()
    release = release or index.current
    versions = index.releases[release]
    sources: dict[str, Mapping[str, rows.Source]] = {}

    def read(table: str, row: type[_Row]) -> tuple[_Row, ...]:
        shape = msgspec.defstruct(
            f"{row.__name__}File",
            [("id", str), ("version", str), ("sources", dict[str, rows.Source]), ("rows", tuple[row, ...])],  # type: ignore[valid-type]
        )
        whole: Any = msgspec.json.decode(_file(table, versions[table]), type=shape)
        sources[table] = MappingProxyType(whole.sources)
        found: tuple[_Row, ...] = whole.rows
        return found

    def by_code(table: str, row: type[_Row]) -> Mapping[str, _Row]:
        return MappingProxyType({each.code: each for each in read(table, row)})  # type: ignore[attr-defined]

    places = msgspec.json.decode(_file("regions", versions["regions"]), type=_RegionFile)
    sources["regions"] = MappingProxyType(places.sources)
    return Tables(
        release=release,
        regions=Regions(places.version, places.rows, places.abolished),
        occupations=by_code("occupations", rows.Occupation),
        levels=MappingProxyType({each.level: each for each in read("levels", rows.Level)}),
        skills=by_code("skills", rows.Skill),
        languages=by_code("languages", rows.Term),
        modes=by_code("modes", rows.Term),
        lodging=by_code("lodging", rows.Term),
        employment_models=by_code("employment-models", rows.Term),
        insurances=by_code("insurances", rows.Term),
        channels=by_code("channels", rows.Term),
        pay_units=by_code("pay-units", rows.PayUnitRow),
        pay_bands=read("pay-bands", rows.PayBandRow),
        filters=by_code("filters", rows.FilterText),
        reasons=by_code("reasons", rows.Reason),
        score_terms=MappingProxyType({(each.score, each.code): each for each in read("score-terms", rows.ScoreTerm)}),
        versions=MappingProxyType({table: f"{table}/{version}" for table, version in versions.items()}),
        sources=MappingProxyType(sources),
    )
