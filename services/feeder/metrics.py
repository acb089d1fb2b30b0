"""What the feeder counts; how far it is behind is told like any stage's (livefair/backlog.py)."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

from livefair.metrics import RECORDS_AT_ONCE

PUBLICATIONS = Counter(
    "livefair_feeder_publications_total", "Publications stored in Valkey, and announced where they were new."
)
REPEATS = Counter("livefair_feeder_repeats_total", "Publications dropped because their origin had been seen.")
UNREADABLE = Counter("livefair_feeder_unreadable_total", "Records of feed that could not be read; in dead-letters.")
REBUILDS = Counter("livefair_feeder_rebuilds_total", "Partitions made again in Valkey.")
REBUILDING = Gauge("livefair_feeder_rebuilding_partitions", "Partitions that are being made again in Valkey now.")
BATCH = Histogram("livefair_feeder_batch_publications", "Publications of one call to Valkey.", buckets=RECORDS_AT_ONCE)
