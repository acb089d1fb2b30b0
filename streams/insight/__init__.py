"""Derived views where a second is soon enough: counters, funnels, unmet demand.

Each table row holds the highest position it has counted, so that a repeat counts once.
"""
