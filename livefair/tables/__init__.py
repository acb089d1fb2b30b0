"""Versioned code tables (regions, occupations, levels, skills, pay bands, reasons …) and their loader.

A table is data with its source and date; a record names the version it used. `load()` gives them all, frozen.
"""

from livefair.tables.loader import Tables, load, releases
from livefair.tables.regions import Gone, Region, Regions
from livefair.tables.rows import (
    FilterText,
    Level,
    Named,
    Occupation,
    PayBandRow,
    PayUnitRow,
    Reason,
    ScoreTerm,
    Skill,
    Source,
    Term,
)

__all__ = [
    "FilterText",
    "Gone",
    "Level",
    "Named",
    "Occupation",
    "PayBandRow",
    "PayUnitRow",
    "Reason",
    "Region",
    "Regions",
    "ScoreTerm",
    "Skill",
    "Source",
    "Tables",
    "Term",
    "load",
    "releases",
]
