"""What the feeder counts."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

PUBLICATIONS = Counter("livefair_feeder_publications", "Publications stored in Valkey, and announced if they were new")
REPEATS = Counter("livefair_feeder_repeats", "Publications dropped because their origin had been seen")
UNREADABLE = Counter("livefair_feeder_unreadable", "Records of feed that could not be read")
REBUILDS = Counter("livefair_feeder_rebuilds", "Partitions made again in Valkey")
LAG = Gauge("livefair_feeder_lag_records", "Records of feed not stored yet", ["partition"])
