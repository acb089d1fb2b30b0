"""The fair itself: people, jobs, seats, matches and their rules.

Pure: no asyncio, no I/O, no clock, no randomness; time and ids come in as arguments.
"""
