"""The embedded Kafka: one real broker and controller in one process, its files in one directory.

Formatted once; what it was told is on disk when it is started again, also after a kill.
"""

from __future__ import annotations

import asyncio
import base64
import os
import secrets
import signal
import tempfile
from contextlib import suppress
from pathlib import Path

from livefair.errors import LivefairError, ServiceFailed
from services.embedded.child import Launch, Service, last_lines, run_to_end, spawn, until_ready
from services.embedded.jars import fingerprint, read_lock
from services.embedded.ports import Remembered, free_port
from services.embedded.probes import kafka_probe
from services.embedded.runtimes import Java

HOST = "127.0.0.1"
TRAINING_S = 60.0
"""A machine on which making the class cache takes longer goes without it, and does not try again."""

# What is not Kafka's default, and why.
_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller_port}
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller_port}
advertised.listeners=PLAINTEXT://{host}:{port}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs={logs}
# One machine: one copy.
default.replication.factor=1
min.insync.replicas=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=8
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
# A topic that was not declared is a mistake.
auto.create.topics.enable=false
# The first member of a group need not wait for others.
group.initial.rebalance.delay.ms=0
# A group that was stopped for a holiday finds its place again.
offsets.retention.minutes=525600
# After a kill the open segments are read again: keep them small. Indexes are mapped at full size: keep them small too.
log.segment.bytes=134217728
log.index.size.max.bytes=2097152
num.recovery.threads.per.data.dir=2
# A person who asked to be forgotten is forgotten within 30 s, so the cleaner looks often.
log.cleaner.backoff.ms=2000
log.cleaner.threads=1
log.cleaner.dedupe.buffer.size=16777216
log.initial.task.delay.ms=2000
# After a kill the controller, which is the same process, need not wait 9 s for the one that is no more.
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
# A laptop's share of threads.
num.network.threads=2
num.io.threads=4
background.threads=2
"""

# Warnings, and the lines that say that it started and stopped; an INFO broker writes 100 kB at every start.
_LOGGING = (
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
    "-Dorg.slf4j.simpleLogger.log.org.apache.kafka.common.utils.AppInfoParser=info",
    "-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info",
)


class Broker:
    """One embedded Kafka in ``folder``. ``prepare`` it, then give ``service`` to a supervisor."""

    def __init__(self, folder: Path, cache: Path, java: Java, class_path: list[Path], heap_mb: int = 384) -> None:
        self.folder = folder
        self._cache = cache
        self._java = java
        self._class_path = class_path
        self._heap_mb = heap_mb
        self._ports = Remembered(folder / "ports.json", HOST)
        self.port = self._ports.get("kafka")

    @property
    def address(self) -> str:
        """host:port for clients."""
        return f"{HOST}:{self.port}"

    @property
    def logs(self) -> Path:
        """The directory of the topics."""
        return self.folder / "topics"

    def service(self, log: Path) -> Service:
        """The broker as a child to keep alive."""
        return Service(
            name="kafka",
            launch=self._launch,
            ready=kafka_probe(HOST, self.port),
            log=log,
            holds=self.folder / "lock",
            start_within=90.0,
            stop_within=15.0,
        )

    def is_first_here(self) -> bool:
        """Whether `prepare` will make the class cache."""
        return self._java.has_aot_cache and not self._aot.exists()

    async def prepare(self, log: Path) -> None:
        """Make the class cache if there is none yet, format the directory if it is new. Raises ServiceFailed."""
        if self.is_first_here():
            await self._train()
        if not (self.logs / "meta.properties").exists():
            await self._format(log)

    def _launch(self) -> Launch:
        self._write_properties(self._ports.get("controller"))
        return self._java_launch("kafka.Kafka", str(self._properties), options=self._aot_options())

    @property
    def _properties(self) -> Path:
        return self.folder / "server.properties"

    @property
    def _aot(self) -> Path:
        # Java itself refuses a cache of other jars or another Java; the name keeps it from having to.
        return self._cache / f"kafka-{fingerprint(read_lock())}-java{self._java.version}.aot"

    def _aot_options(self) -> tuple[str, ...]:
        return (f"-XX:AOTCache={self._aot}", "-Xlog:aot*=off", "-Xlog:cds*=off") if self._is_taught() else ()

    def _write_properties(self, controller_port: int) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        text = _PROPERTIES.format(host=HOST, port=self.port, controller_port=controller_port, logs=self.logs)
        self._properties.write_text(text)

    def _java_launch(self, main: str, *arguments: str, options: tuple[str, ...] = ()) -> Launch:
        return Launch(
            arguments=(
                str(self._java.program),
                f"-Xmx{self._heap_mb}m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",  # the optimising compiler takes most of a core for the first half minute
                *("-XX:MinHeapFreeRatio=10", "-XX:MaxHeapFreeRatio=30"),  # give memory back after a burst
                "-XX:+ExitOnOutOfMemoryError",  # half a broker is worse than a restarted one
                "-Djdk.nio.maxCachedBufferSize=262144",
                "-Djava.awt.headless=true",
                *(("--sun-misc-unsafe-memory-access=allow",) if self._java.version >= 24 else ()),
                *_LOGGING,
                *options,
                "-cp",
                os.pathsep.join(map(str, self._class_path)),
                main,
                *arguments,
            ),
            # Nothing of a developer's Java settings gets in here.
            environment={key: value for key, value in os.environ.items() if key in ("PATH", "HOME", "TMPDIR", "LANG")},
        )

    async def _format(self, log: Path) -> None:
        self._write_properties(self._ports.get("controller"))
        cluster = base64.urlsafe_b64encode(secrets.token_bytes(16)).rstrip(b"=").decode()
        if cluster.startswith("-"):  # would read as an option
            cluster = f"A{cluster[1:]}"
        launch = self._java_launch(
            "kafka.tools.StorageTool",
            *("format", "--ignore-formatted", "-t", cluster, "-c", str(self._properties)),
            options=self._aot_options(),
        )
        if await run_to_end(launch, log) != 0:
            raise ServiceFailed(f"kafka could not format {self.logs}; the last lines of {log}:", log=last_lines(log))

    async def _train(self) -> None:
        """Run a broker in a throw-away directory and let Java keep what it loaded: halves every later start."""
        self._cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._cache, ignore_cleanup_errors=True) as place:
            folder = Path(place)
            pupil = Broker(folder / "kafka", folder, self._java, self._class_path, self._heap_mb)
            with suppress(TimeoutError, LivefairError, OSError):
                async with asyncio.timeout(TRAINING_S):
                    await pupil._learn(folder / "aot")
                    (folder / "aot").replace(self._aot)
        self._aot.touch()  # empty: it was tried, and is not tried again

    def _is_taught(self) -> bool:
        return self._aot.exists() and self._aot.stat().st_size > 0

    async def _learn(self, output: Path) -> None:
        log = self.folder / "log"
        await self._format(log)
        self._write_properties(free_port(HOST))
        launch = self._java_launch("kafka.Kafka", str(self._properties), options=(f"-XX:AOTCacheOutput={output}",))
        service = Service("kafka", lambda: launch, kafka_probe(HOST, self.port), log)
        process = await spawn(service)
        try:
            await until_ready(service, process)
            process.terminate()  # Java writes the cache while it ends, in a process of its own
            await process.wait()
        except BaseException:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
            raise
