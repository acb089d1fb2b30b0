"""The Faust app: its settings, its two tables, its agents. Each agent only pumps batches into a class of ours.

Every setting that matters is spelled out: at least once, one event of a partition at a time, nothing acknowledged
before its effect is in Kafka, and topics made by us alone.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import faust
import structlog
from faust.transport.drivers import aiokafka as driver

from livefair.kafka import REQUEST_TIMEOUT_MS, new_patient_member
from livefair.wire.topics import INSIGHT, INSIGHT_COUNTED, INSIGHT_SUMMED, PARTITIONS, Topic
from streams.insight.counting import SOURCES

APP = "livefair.insight"
"""The consumer group, too."""
AT_ONCE = 2_000
WITHIN_S = 0.3
"""What has arrived in so long is counted as one batch, and told once. On average a decision is told after 0.7 s."""
COMMIT_EVERY_S = 2.0

log = structlog.get_logger(__name__)


class Message(Protocol):
    """A record as Faust hands it over; `timestamp` is in seconds."""

    topic: str
    partition: int
    offset: int
    timestamp: float
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


class _Thread(driver.AIOKafkaConsumerThread):
    """Faust's consumer with our settings; its own asks the broker again as soon as a single record is there."""

    def _create_worker_consumer(self, transport: Any) -> Any:
        self._assignor = self.consumer.app.assignor
        return new_patient_member(transport.kafka, APP, transport.slot, self._assignor)


class _Consumer(driver.Consumer):
    def _new_consumer_thread(self) -> Any:
        return _Thread(self, loop=self.loop, beacon=self.beacon)


# Each class gets a logger of its module; these speak as the library does, and are as quiet.
_Thread.logger = _Consumer.logger = driver.logger


class _Transport(driver.Transport):
    Consumer = _Consumer

    def __init__(self, app: Any, kafka: str, slot: int) -> None:
        super().__init__(app.conf.broker_consumer, app)
        self.kafka = kafka
        self.slot = slot


Pump = Callable[[Sequence[Message]], Awaitable[None]]
"""Takes a batch, and returns once all that follows from it is in Kafka."""


class Engine(NamedTuple):
    """The app and its tables, whose keys and values are bytes."""

    app: Any
    counted: Any
    summed: Any

    def attach(self, count: Pump, total: Pump, failed: Callable[[Exception], None]) -> None:
        """Make the agents: `count` takes the decision logs, `total` the parts; `failed` hears why one cannot."""
        for name, topics, pump in (("count", SOURCES, count), ("total", (INSIGHT,), total)):
            names = [topic.name for topic in topics]
            channel = self.app.topic(*names, key_type=bytes, value_type=bytes, allow_empty=True)
            self.app.agent(channel, name=name, concurrency=1)(_pumping(pump, failed))
        self.app.finalize()


def new_engine(kafka: str, slot: int, data: Path) -> Engine:
    """The app, without agents yet and not started."""
    app = faust.App(
        APP,
        broker=";".join(f"kafka://{address.strip()}" for address in kafka.split(",")),
        store="memory://",
        datadir=str(data),
        autodiscover=False,
        web_enabled=False,
        key_serializer="raw",
        value_serializer="raw",
        processing_guarantee="at_least_once",
        broker_request_timeout=REQUEST_TIMEOUT_MS / 1000,
        broker_commit_interval=COMMIT_EVERY_S,
        # Its producer writes nothing of ours: tables and events go through livefair.kafka, idempotent and in batches.
        producer_acks=-1,
        topic_disable_leader=True,
        topic_allow_declare=False,
        stream_wait_empty=False,
        stream_recovery_delay=0.0,
        stream_buffer_maxsize=AT_ONCE,
    )
    app.transport = _Transport(app, kafka, slot)
    counted, summed = _table(app, INSIGHT_COUNTED), _table(app, INSIGHT_SUMMED)
    return Engine(app, counted, summed)


def _table(app: Any, changelog: Topic) -> Any:
    topic = app.topic(
        changelog.name,
        key_type=bytes,
        value_type=bytes,
        partitions=PARTITIONS,
        compacting=True,
        acks=False,
        internal=True,
        allow_empty=True,
    )
    return app.Table(changelog.name, key_type=bytes, value_type=bytes, partitions=PARTITIONS, changelog_topic=topic)


def _pumping(pump: Pump, failed: Callable[[Exception], None]) -> Callable[[Any], Awaitable[None]]:
    async def agent(stream: Any) -> None:
        async for events in stream.noack_take(AT_ONCE, within=WITHIN_S):
            try:
                await pump([event.message for event in events])
            except Exception as error:  # noqa: BLE001  # Faust would skip the event and go on
                failed(error)
                return
            for event in events:
                await stream.ack(event)

    return agent
