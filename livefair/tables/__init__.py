"""Versioned code tables (regions, occupations, levels, skills, pay bands) and their loader.

A table is data with its source and date; a record names the version it used.
"""
