"""Every setting of every command, with its unit and default, read from LIVEFAIR_* variables and nowhere else.

The rule: a bad value ends the command at once with one sentence that names the variable.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from livefair.errors import SettingError

PREFIX = "LIVEFAIR_"

Port = Annotated[int, Field(ge=0, le=65535)]


def _home(variable: str, fallback: str) -> Path:
    return Path(os.environ.get(variable) or Path.home() / fallback) / "livefair"


class Settings(BaseSettings):
    """All settings. A field ``http_port`` is the variable LIVEFAIR_HTTP_PORT; an empty variable counts as unset."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, extra="ignore", frozen=True)

    # Where the state is.
    kafka: str | None = Field(None, description="Kafka, host:port[,host:port…]; unset: `up` starts its own")
    redis: str | None = Field(None, description="Valkey or Redis, redis://host:port/db; unset: `up` starts its own")
    data: Path = Field(
        default_factory=lambda: _home("XDG_DATA_HOME", ".local/share"),
        description="directory of Kafka's and Valkey's data, logs and the secrets",
    )
    cache: Path = Field(
        default_factory=lambda: _home("XDG_CACHE_HOME", ".cache"),
        description="directory of what was downloaded and can be downloaded again",
    )
    replication: int = Field(1, ge=1, le=9, description="copies of each partition that the topics must have")

    # Where the doors are.
    host: str = Field("127.0.0.1", description="address to listen on; 0.0.0.0 for the network")
    http_port: Port = Field(8080, description="port of intake: HTTP and the pages; 0: any free one")
    gateway_port: Port = Field(8081, description="port of the gateway: /ws; 0: any free one")
    ops_port: Port = Field(
        0, description="port of /healthz, /readyz and /metrics of gateway, worker, feeder, insight; 0: none"
    )
    ws_url: str | None = Field(
        None, description="websocket URL told to pages; unset: the page's host, gateway_port, /ws"
    )
    origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="web origins that may use the API besides its own, exact, separated by commas"
    )

    # Who one is among several.
    slot: int = Field(0, ge=0, le=999, description="which of several like me I am; one live process per number")

    # Secrets: files with mode 600; unset: made once by `up` in DATA/secrets.
    token_secret_file: Path | None = Field(None, description="file of the secret that signs tokens (32 bytes or more)")
    id_secret_file: Path | None = Field(None, description="file of the secret that makes candidates' ids (32 bytes)")
    master_key_file: Path | None = Field(None, description="file of the key that wraps people's data keys (32 bytes)")

    # Limits.
    signups_per_second: int = Field(1000, ge=1, description="sign-ups a second from one address")
    requests_per_second: int = Field(1000, ge=1, description="other requests a second from one address")
    body_bytes: int = Field(65536, ge=1024, le=1 << 20, description="largest request body, bytes")

    # The feed and the gateway.
    feed_window: int = Field(2000, ge=1, le=1_000_000, description="newest publications of a channel kept in Valkey")
    rebuild_records: int = Field(
        100_000, ge=0, description="a partition of the feed with at most so many records is rebuilt whole in Valkey"
    )
    views_s: float = Field(15.0, gt=0, le=3600, description="seconds between savings of changed views in Kafka")
    outbox_bytes: int = Field(
        1 << 20, ge=1 << 14, le=1 << 28, description="bytes that may wait for one slow websocket before it is closed"
    )
    connect_s: float = Field(10.0, gt=0, le=600, description="seconds that a websocket has to say `connect`")
    connections_per_address: int = Field(10_000, ge=1, description="websockets that one address may have open")

    # The embedded broker.
    maven_mirror: str = Field(
        "https://repo1.maven.org/maven2", description="base URL that Kafka's jars are fetched from (checked by sha256)"
    )
    kafka_heap_mb: int = Field(384, ge=128, le=65536, description="heap of the embedded Kafka, MiB")

    # Logs, on stderr.
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="least level that is logged")
    log_format: Literal["json", "text"] = Field("json", description="one JSON object a line, or text for people")

    # Traces, with the extra `otel`.
    trace_url: str | None = Field(
        None, description="where traces go, OTLP over HTTP: http://collector:4318/v1/traces; unset: no traces"
    )
    trace_share: float = Field(0.01, ge=0, le=1, description="share of the requests that are traced")

    @field_validator("origins", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("origins")
    @classmethod
    def _exact_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            scheme, _, rest = origin.partition("://")
            if scheme not in ("http", "https") or not rest or "/" in rest or "*" in rest:
                raise ValueError(f"'{origin}' must be scheme://host[:port], without path or wildcard")
        return value

    @field_validator("kafka")
    @classmethod
    def _addresses(cls, value: str | None) -> str | None:
        for address in (value or "").split(",") if value else ():
            host, _, port = address.strip().rpartition(":")
            if not host or not port.isdigit() or not 0 < int(port) < 65536:
                raise ValueError(f"'{address}' must be host:port")
        return value

    @field_validator("redis")
    @classmethod
    def _redis_url(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("must be a URL like redis://127.0.0.1:6379/0")
        return value

    @field_validator("maven_mirror", "trace_url")
    @classmethod
    def _http_url(cls, value: str | None) -> str | None:
        if value is None:
            return None
        if not value.startswith(("http://", "https://")):
            raise ValueError("must be an http:// or https:// URL")
        return value.rstrip("/")

    @field_validator("data", "cache")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    def environment(self, **changes: object) -> dict[str, str]:
        """These settings, with ``changes``, as LIVEFAIR_* variables for a child process."""
        values = self.model_dump() | changes
        return {
            variable(name): ",".join(value) if isinstance(value, tuple) else str(value)
            for name, value in values.items()
            if value is not None
        }


def variable(field: str) -> str:
    """The environment variable of a field."""
    return PREFIX + field.upper()


def load(**changes: object) -> Settings:
    """Read the settings; ``changes`` (options of a command) win over variables, None among them means not given.

    Raises SettingError naming the first variable that is wrong.
    """
    given = {name: value for name, value in changes.items() if value is not None}
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        name = variable(str(first["loc"][0]))
        reason = first["msg"].removeprefix("Value error, ")
        description = Settings.model_fields[str(first["loc"][0])].description
        # A URL of Redis may hold a password.
        said = "wrong" if name.endswith("_REDIS") else repr(first["input"])
        raise SettingError(f"{name} is {said}: {reason} ({description}).", variable=name) from None


class Located(Settings):
    """Settings that know where Kafka and Valkey are."""

    kafka: str
    redis: str


def located(settings: Settings) -> Located:
    """The settings, with Kafka and Valkey from the `livefair up` that runs on LIVEFAIR_DATA where they are unset.

    Raises SettingError when there is none.
    """
    return Located(**settings.model_dump() | {name: where(settings, name) for name in ("kafka", "redis")})


def where(settings: Settings, name: Literal["kafka", "redis"]) -> str:
    """The address of one of them: the one that is set, else that of the running `livefair up`. Raises SettingError."""
    found: str | None = getattr(settings, name)
    if found is None:
        found = (running_up(settings.data) or {}).get(name)
    if found is None:
        raise SettingError(
            f"{variable(name)} is not set and no `livefair up` runs on {settings.data}: start one, or set "
            f"{variable(name)}.",
            variable=variable(name),
        )
    return found


def lock_file(data: Path) -> Path:
    """The file that `livefair up` keeps locked while it uses a data directory."""
    return data / "up.lock"


def state_file(data: Path) -> Path:
    """The file in which `livefair up` tells other commands its addresses: what `up --json` prints."""
    return data / "up.json"


def targets_file(data: Path) -> Path:
    """Where `livefair up` tells a Prometheus the pages of metrics, as its file_sd_configs reads them."""
    return data / "targets.json"


def running_up(data: Path) -> dict[str, Any] | None:
    """What the `livefair up` that runs on this directory said of itself; None when none runs."""
    try:
        with lock_file(data).open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return None  # nobody holds it: whatever is written there is of one that was killed
    except BlockingIOError:
        pass
    except OSError:
        return None
    try:
        state: dict[str, Any] = json.loads(state_file(data).read_bytes())
    except (OSError, ValueError):
        return None
    return state


def unknown_variables(environment: Mapping[str, str]) -> list[str]:
    """LIVEFAIR_* variables that are no setting: most likely a slip of the keyboard."""
    known = {variable(name) for name in Settings.model_fields}
    return sorted(name for name in environment if name.startswith(PREFIX) and name not in known)
