"""deploy/ and docker-compose.yml say the same as the program: its commands, settings, files and broker."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from livefair import cli, config
from services.embedded import broker
from services.embedded.system import SERVICES

ROOT = Path(__file__).parents[2]
OURS = "livefair:local"
LAPTOP = {
    "log.segment.bytes",
    "log.index.size.max.bytes",
    "num.recovery.threads.per.data.dir",
    "broker.session.timeout.ms",
    "broker.heartbeat.interval.ms",
    "log.cleaner.threads",
    "log.cleaner.dedupe.buffer.size",
    "log.initial.task.delay.ms",
    "num.network.threads",
    "num.io.threads",
    "background.threads",
}
"""Sizes and times for one that shares a laptop; a container keeps Kafka's own."""


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return found


@pytest.fixture(scope="module")
def dockerfile() -> str:
    return (ROOT / "deploy" / "Dockerfile").read_text()


def _properties(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))


def test_every_service_of_the_house_is_there(compose: dict[str, Any]) -> None:
    installed = {name for name in SERVICES if name in cli.commands()}
    assert installed <= set(compose["services"])
    assert {"kafka", "valkey"} < set(compose["services"])


def test_every_command_is_one_of_the_program(compose: dict[str, Any]) -> None:
    commands = {name: each["command"] for name, each in compose["services"].items() if each["image"] == OURS}
    known = cli.commands()
    # Others of SERVICES may be a later version's.
    assert {name for name, command in commands.items() if ".".join(command) not in known} <= set(SERVICES)
    assert commands["topics"] == ["topics", "create"]


def test_every_variable_is_a_setting_with_a_value_that_it_takes(
    compose: dict[str, Any], dockerfile: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_image = dict(re.findall(r"(LIVEFAIR_\w+)=(\S+)", dockerfile))
    assert set(in_image) == {"LIVEFAIR_DATA", "LIVEFAIR_HOST", "LIVEFAIR_OPS_PORT"}
    for name, service in compose["services"].items():
        if service["image"] != OURS:
            continue
        environment = in_image | service["environment"]
        assert config.unknown_variables(environment) == [], name
        for key, value in environment.items():
            monkeypatch.setenv(key, value)
        settings = config.located(config.load())
        assert settings.kafka.split(":")[0] in compose["services"]
        assert settings.redis.split("/")[2].split(":")[0] in compose["services"]


def test_ports_and_probes_are_the_settings_own(compose: dict[str, Any], dockerfile: str) -> None:
    ops = re.search(r"LIVEFAIR_OPS_PORT=(\d+)", dockerfile)
    assert ops
    ports = {"intake": 8080, "gateway": 8081}
    fields = config.Settings.model_fields
    assert (fields["http_port"].default, fields["gateway_port"].default) == (ports["intake"], ports["gateway"])
    for name in set(SERVICES) & set(compose["services"]):
        port = ports.get(name, int(ops.group(1)))
        assert f"127.0.0.1:{port}/readyz" in " ".join(compose["services"][name]["healthcheck"]["test"]), name
        assert compose["services"][name].get("ports", []) == ([f"127.0.0.1:{port}:{port}"] if name in ports else [])


def test_what_is_waited_for_and_mounted_exists(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        for other, how in service.get("depends_on", {}).items():
            waits_for_health = how["condition"] == "service_healthy"
            assert waits_for_health == ("healthcheck" in compose["services"][other]), f"{name} → {other}"
        mounted = {volume.split(":")[0] for volume in service.get("volumes", [])}
        files = {each for each in mounted if each.startswith("./")}
        assert all((ROOT / each).exists() for each in files), name
        assert mounted - files <= set(compose["volumes"])


def test_the_broker_in_a_container_is_told_what_the_embedded_one_is(compose: dict[str, Any]) -> None:
    embedded = _properties(broker._PROPERTIES.partition("# One machine")[2])
    in_container = {
        key.removeprefix("KAFKA_").replace("_", ".").lower(): value
        for key, value in compose["services"]["kafka"]["environment"].items()
    }
    assert set(embedded) > LAPTOP
    assert {key: in_container.get(key) for key in set(embedded) - LAPTOP} == {
        key: value for key, value in embedded.items() if key not in LAPTOP
    }
    version = compose["services"]["kafka"]["image"].partition(":")[2]
    assert f"kafka_2.13-{version}.jar" in (ROOT / "services/embedded/jars.lock").read_text()


def test_what_the_image_copies_exists_and_is_let_through(dockerfile: str) -> None:
    let_through = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied: set[str] = set()
    for sources in re.findall(r"^COPY (?!--from)(.+) \S+$", dockerfile, re.MULTILINE):
        copied |= set(sources.split())
    assert copied == let_through
    assert all((ROOT / name).exists() for name in copied)


def test_uv_is_the_one_that_the_lock_names() -> None:
    pinned = re.search(r"^uv==(\S+)", (ROOT / "deploy/uv.txt").read_text(), re.MULTILINE)
    assert pinned
    assert f'"uv=={pinned.group(1)}"' in (ROOT / "pyproject.toml").read_text()
