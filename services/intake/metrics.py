"""What intake counts. No id, name or code is ever a label; a route is one of the declared ones."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

from livefair.metrics import RECORDS_AT_ONCE

REQUESTS = Counter("livefair_http_requests_total", "Requests answered, by route and status.", ["route", "status"])
SECONDS = Histogram(
    "livefair_http_request_seconds",
    "From the request's head to its answer, by route; problems are not in it.",
    ["route"],
    buckets=(0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
PROBLEMS = Counter("livefair_http_problems_total", "Requests not done, by the problem that the answer names.", ["type"])
SIGNUPS = Counter(
    "livefair_intake_signups_total",
    "Sign-ups answered as taken on: Kafka has them on all in-sync replicas. A repeat with the same key counts again.",
)
HELD = Gauge("livefair_intake_submissions", "Requests on their way into Kafka.")
WAVE = Histogram("livefair_intake_wave_requests", "Requests that went into Kafka together.", buckets=RECORDS_AT_ONCE)
