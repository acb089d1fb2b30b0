"""A home county as people write it: a code, 广灵县, 山西省大同市广灵县, Guangling County.

A place is taken only where exactly one county is meant; otherwise the person chooses.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from livefair import tables
from livefair.tables.nearest import stem
from livefair.tables.regions import Region, Regions

CHOICES = 16
"""What a person is given to choose from, at most: a city's counties."""


class Place(NamedTuple):
    """The code of the one county that is meant, or the counties to choose from (none: nothing is like it)."""

    code: str
    choices: Sequence[Region]


def find(text: str) -> Place:
    """The county that a person wrote."""
    regions = tables.load().regions
    wanted = "".join(text.split())
    if wanted in regions and regions.is_finest(wanted):
        return Place(wanted, ())
    meant = _named(wanted)
    if len(meant) == 1:
        return Place(meant[0].code, ())
    if not meant:
        near = [regions[wanted]] if wanted in regions else regions.suggest(wanted, 6)
        meant = [county for region in near for county in _counties(regions, region)]
    return Place("", meant[:CHOICES])


def _named(wanted: str) -> list[Region]:
    names = _names()
    if wanted.isascii():
        return list(names.get(_letters(wanted), ()))
    found: dict[str, Region] = {}
    for start in range(len(wanted)):
        for region in names.get(wanted[start:], ()):
            if _is_above(wanted[:start], region):
                found[region.code] = region
        if found:
            break  # the longest name wins: 广灵县 before a place called 县
    return list(found.values())


def _is_above(head: str, region: Region) -> bool:
    """Whether what stands before a name is its province and city, each written out or left out."""
    for above in reversed(region.parents()):
        for name in (above.zh, stem(above.zh)):
            if head.startswith(name):
                head = head[len(name) :]
                break
    return not head


def _counties(regions: Regions, region: Region) -> Sequence[Region]:
    if regions.is_finest(region.code):
        return (region,)
    return [each for child in regions.children(region.code) for each in _counties(regions, child)]


@cache
def _names() -> dict[str, tuple[Region, ...]]:
    regions = tables.load().regions
    found: dict[str, list[Region]] = {}
    for code in regions:
        if regions.is_finest(code):
            region = regions[code]
            for name in {region.zh, stem(region.zh), _letters(region.en), _letters(region.full_text("en"))}:
                found.setdefault(name, []).append(region)
    return {name: tuple(each) for name, each in found.items()}


def _letters(text: str) -> str:
    return "".join(letter for letter in text.lower() if letter.isalpha())
