"""What a gateway counts; no label ever holds an id."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

CONNECTIONS = Gauge("livefair_gateway_connections", "Websockets open")
CHANNELS = Gauge("livefair_gateway_channels", "Channels with somebody listening here")
PUBLICATIONS = Counter("livefair_gateway_publications", "Publications taken from Valkey for somebody here")
DELIVERIES = Counter("livefair_gateway_deliveries", "Publications handed to a websocket")
BYTES = Counter("livefair_gateway_delivered_bytes", "Bytes of publications handed to websockets")
ERRORS = Counter("livefair_gateway_errors", "Errors told to clients", ["type"])
CLOSES = Counter("livefair_gateway_closes", "Connections that the gateway closed", ["name"])
RESUMES = Counter("livefair_gateway_resumes", "Resumed subscriptions, by what they were resumed from", ["source"])
HOLES = Counter("livefair_gateway_holes", "Holes found in a channel and filled")
ACKS = Counter("livefair_gateway_acks", "Acknowledgements written to Kafka")
