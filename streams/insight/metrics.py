"""What insight counts of its own work."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

COUNTED = Counter("livefair_insight_counted_total", "Decisions that came and are in the counts.")
SKIPPED = Counter("livefair_insight_skipped_total", "Decisions that did not come by themselves and were read again.")
TOLD = Counter("livefair_insight_told_total", "Events told of fairs' sums.")
UNREADABLE = Counter("livefair_insight_unreadable_total", "Decisions or parts that could not be read.")
BROKEN = Counter("livefair_insight_broken_total", "Partitions whose decision log has a hole; nothing after it counts.")
COMMIT_AGE = Gauge(
    "livefair_insight_commit_age_seconds", "For how long the oldest thing counted has not been committed to the group."
)
