"""What a gateway counts; no label ever holds an id. What happens for each publication is counted without a lock."""

from __future__ import annotations

import time
from collections.abc import Iterable

from prometheus_client import Counter, Gauge

from livefair.metrics import Spread
from livefair.tracing import traces
from livefair.wire.feed import read_trail

CONNECTIONS = Gauge("livefair_gateway_connections", "Websockets open.")
CHANNELS = Gauge("livefair_gateway_channels", "Channels with somebody listening here.")
PUBLICATIONS = Counter("livefair_gateway_publications_total", "Publications passed on to somebody here.")
DELIVERIES = Counter("livefair_gateway_deliveries_total", "Publications handed to a websocket.")
BYTES = Counter("livefair_gateway_delivered_bytes_total", "Bytes of publications handed to websockets.")
ERRORS = Counter("livefair_gateway_errors_total", "Errors told to clients, by type.", ["type"])
CLOSES = Counter(
    "livefair_gateway_closes_total", "Connections that the gateway closed, by the closing's name.", ["name"]
)
RESUMES = Counter(
    "livefair_gateway_resumes_total",
    "Subscriptions with something to make up for, by where it came from: window (Valkey), kafka, current (nothing was "
    "missed), nowhere (not recovered: the client takes the snapshot).",
    ["source"],
)
HOLES = Counter(
    "livefair_gateway_holes_total", "Holes found in a live channel, by where the missing came from.", ["source"]
)
ACKS = Counter("livefair_gateway_acks_total", "Acknowledgements of people, written to Kafka.")
SECONDS = Spread(
    "livefair_signup_to_socket_seconds",
    "From the append of a sign-up or an application to `candidates` (the broker's clock, which stamps just before it "
    "acknowledges) to the hand-over of its first event to the sockets of one channel (this machine's clock), once for "
    "each channel with somebody listening here. Not in it: people open to any job, and what was made up for later.",
    "audience",
    ("host", "job", "candidate"),
    (0.002, 0.005, 0.01, 0.015, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2, 5, 10, 30, 60),
)


def handed_over(audience: str, trails: Iterable[bytes]) -> None:
    """Publications of one channel have gone to its sockets, just now."""
    tally = SECONDS.of.get(audience)
    now = time.time()
    for trail in trails:
        since, trace = (int(trail), "") if trail.isdigit() else read_trail(trail)
        if since and tally is not None:
            tally.observe(max(0.0, now - since / 1000))
        if trace and traces.on:
            traces.hop("push", trace, since, audience=audience)
