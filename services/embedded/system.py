"""The whole livefair on one machine: Kafka, Valkey, topics, secrets and every service, in order and supervised.

This is the only place that knows all of them; demo, up and tests start the same thing.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import msgspec

from livefair import cli, keyring, topics_admin
from livefair.config import Settings, lock_file, state_file, targets_file
from livefair.errors import AlreadyRunning, DirectoryUnusable, EnvironmentFault, SettingError
from services.embedded.child import Launch, Service, try_lock
from services.embedded.ports import claim, free_port
from services.embedded.probes import http_probe, redis_probe
from services.embedded.provision import Silent, Telling, provide_broker, provide_store
from services.embedded.supervisor import Supervisor

SERVICES = ("intake", "gateway", "worker", "feeder", "insight")

RESTORE_S = 900.0
"""A service reads what it missed before it is ready: long after a long time away, and no reason to kill it."""
PATIENCE_S = 15.0
_CHILD_VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "VIRTUAL_ENV")


Commands = Mapping[str, tuple[str, ...]]
"""How each service is started: its arguments by its name."""


def installed_commands() -> Commands:
    """The services of this installation as processes of this Python. Raises EnvironmentFault for a missing one."""
    known = cli.commands()
    missing = [name for name in SERVICES if name not in known]
    if missing:
        raise EnvironmentFault(f"this installation has no command {', '.join(missing)}: run `make setup`.")
    return {name: (sys.executable, "-m", "livefair.cli", name) for name in SERVICES}


class State(msgspec.Struct):
    """Where everything is: what `up --json` prints first."""

    http: str
    ws: str
    kafka: str
    redis: str
    data: str
    pids: dict[str, list[int]]


class System:
    """Start it by entering it, end it by leaving it. ``settings`` say where; what they leave open is embedded.

    Raises, on entering: PortBusy, DirectoryUnusable, AlreadyRunning, DownloadFailed, ServiceFailed, ClusterMismatch,
    Unavailable, SettingError.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        workers: int = 1,
        gateways: int = 1,
        any_port: bool = False,
        telling: Telling | None = None,
        commands: Commands | None = None,
    ) -> None:
        self.settings = settings
        self.log_dir = settings.data / "logs"
        self._counts = {"worker": workers, "gateway": gateways}
        self._any_port = any_port
        self._telling = telling or Silent()
        self._commands = installed_commands() if commands is None else commands
        self._stack = AsyncExitStack()
        self._ports: set[int] = set()
        self._targets: list[dict[str, object]] = []
        self.supervisor = Supervisor(self._telling.say)

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            self._hold_data(stack)
            self._choose_ports()
            keyring.make(self.settings)
            await stack.enter_async_context(self.supervisor)
            await self._start_stores()
            made = await topics_admin.create(self._kafka, self.settings.replication)
            if made:
                self._telling.say(f"created {len(made)} topics")
            await self._start_services()
            self._write_state(stack)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    def state(self) -> State:
        """Addresses for programs on this machine, and the living processes."""
        host = _reachable(self.settings.host)
        host = f"[{host}]" if ":" in host else host
        pids = dict.fromkeys((*SERVICES, "kafka", "redis"), ()) | self.supervisor.pids()
        return State(
            http=f"http://{host}:{self.settings.http_port}",
            ws=f"ws://{host}:{self.settings.gateway_port}/ws",
            kafka=self._kafka,
            redis=self._redis,
            data=str(self.settings.data),
            pids={name: list(found) for name, found in pids.items()},
        )

    @property
    def _kafka(self) -> str:
        assert self.settings.kafka is not None  # noqa: S101  (filled by _start_stores)
        return self.settings.kafka

    @property
    def _redis(self) -> str:
        assert self.settings.redis is not None  # noqa: S101
        return self.settings.redis

    def _hold_data(self, stack: AsyncExitStack) -> None:
        """Take the data directory for this process alone; the kernel gives it back however we end."""
        file = lock_file(self.settings.data)
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            self.log_dir.mkdir(exist_ok=True)
            handle = stack.enter_context(file.open("ab+"))
        except OSError as error:
            raise DirectoryUnusable(
                f"the data directory {self.settings.data} cannot be written: {error.strerror}; choose another with "
                "--data or LIVEFAIR_DATA."
            ) from None
        if not try_lock(handle):
            handle.seek(0)
            pid = handle.read(20).decode(errors="replace").strip()
            raise AlreadyRunning(
                f"another `livefair up` (process {pid or 'unknown'}) uses {self.settings.data}: end that one, or "
                "choose another directory with --data."
            )
        handle.truncate(0)
        handle.write(str(os.getpid()).encode())
        handle.flush()

    def _choose_ports(self) -> None:
        host, wanted = self.settings.host, self.settings
        http = claim(host, wanted.http_port, option="--port", any_port=self._any_port)
        gateway = claim(host, wanted.gateway_port, option="--gateway-port", any_port=self._any_port)
        if http == gateway:
            if not self._any_port and wanted.gateway_port != 0:
                raise SettingError(f"--port and --gateway-port are both {http}: they must differ.")
            gateway = self._free_port()
        self._ports |= {http, gateway}
        self._set(http_port=http, gateway_port=gateway)

    async def _start_stores(self) -> None:
        data, embedded = self.settings.data, list[Service]()
        if self.settings.redis is None:
            store = provide_store(data / "redis")
            embedded.append(store.service(self.log_dir / "redis.log"))
            self._set(redis=store.url)
        else:
            await self._check_own_redis()
        if self.settings.kafka is None:
            log = self.log_dir / "kafka.log"
            broker = await provide_broker(self.settings, data / "kafka", log, self._telling)
            embedded.append(broker.service(log))
            self._set(kafka=broker.address)
        self._telling.say(f"starting {' and '.join(_TITLES[each.name] for each in embedded) or 'nothing of its own'} …")
        await self.supervisor.start(embedded)

    async def _check_own_redis(self) -> None:
        where = urlsplit(self._redis)
        if where.scheme != "redis" or where.password:
            return  # the services themselves say what is wrong with it
        if not await redis_probe(where.hostname or "127.0.0.1", where.port or 6379)(0):
            raise EnvironmentFault(
                f"nothing answers PING at LIVEFAIR_REDIS ({where.hostname}:{where.port or 6379}): start it, or unset "
                "the variable and livefair starts its own."
            )

    async def _start_services(self) -> None:
        services = [self._service(name, slot) for name in self._commands for slot in range(self._counts.get(name, 1))]
        self._telling.say(f"starting {', '.join(each.label for each in services)} …")
        waiting = asyncio.create_task(self._say_who_is_late())
        try:
            await self.supervisor.start(services)
        finally:
            waiting.cancel()

    async def _say_who_is_late(self) -> None:
        while True:
            await asyncio.sleep(PATIENCE_S)
            self._telling.say(f"still waiting for {', '.join(self.supervisor.waiting())}; logs are in {self.log_dir}")

    def _service(self, name: str, slot: int) -> Service:
        host = _reachable(self.settings.host)
        if name == "intake":
            ops_port, probe = 0, http_probe(host, self.settings.http_port)
        elif name == "gateway":
            ops_port, probe = self._free_port(), http_probe(host, self.settings.gateway_port)
        else:
            ops_port = self._free_port()
            probe = http_probe(host, ops_port)
        environment = {key: value for key, value in os.environ.items() if key in _CHILD_VARIABLES}
        environment |= self.settings.environment(ops_port=ops_port, slot=slot)
        launch = Launch(self._commands[name], environment)
        label = f"{name}-{slot}" if slot else name
        target = {"job": "livefair", "service": name, "slot": str(slot)}
        self._targets.append({"targets": [f"{host}:{ops_port or self.settings.http_port}"], "labels": target})
        return Service(name, lambda: launch, probe, self.log_dir / f"{label}.log", slot=slot, start_within=RESTORE_S)

    def _write_state(self, stack: AsyncExitStack) -> None:
        file = state_file(self.settings.data)
        file.write_bytes(msgspec.json.encode(self.state()) + b"\n")
        stack.callback(file.unlink, missing_ok=True)
        targets = targets_file(self.settings.data)
        targets.write_bytes(msgspec.json.encode(self._targets) + b"\n")
        stack.callback(targets.unlink, missing_ok=True)

    def _free_port(self) -> int:
        while (port := free_port(self.settings.host)) in self._ports:
            pass
        self._ports.add(port)
        return port

    def _set(self, **changes: object) -> None:
        self.settings = self.settings.model_copy(update=changes)


_TITLES = {"kafka": "Kafka", "redis": "Valkey"}


def _reachable(host: str) -> str:
    """Where this machine itself reaches a server that listens on ``host``."""
    return {"0.0.0.0": "127.0.0.1", "::": "127.0.0.1", "": "127.0.0.1"}.get(host, host)  # noqa: S104
