"""The short form of the kill rounds: every service of a running system dies by kill -9 under load, and nothing is lost.

What clients were told is held against the log (audit) and against what the host's socket saw.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from livefair import config, keyring, tokens
from livefair.client import Api, Live, Publication, Restart
from livefair.domain.access import Claims
from livefair.play import Fair
from tests.support.up import RunningUp, alive, children
from tests.support.waiting import until

RATE = 100
"""Sign-ups a second."""
SERVICES = ("intake", "gateway", "worker", "feeder", "insight", "valkey-server", "java")
BETWEEN_S = 2.5
TRIES = 60
ISSUED = 1_795_000_000


def pid_of(up: RunningUp, service: str) -> int | None:
    """The child that runs the service now."""
    for pid in children(up.process.pid):
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").split()
        except OSError:
            continue
        if any(Path(word.decode()).name == service for word in words if word):
            return pid
    return None


class Witness:
    """What the host's socket saw, by event id and by application."""

    def __init__(self) -> None:
        self.submitted: Counter[str] = Counter()
        self.ids: Counter[str] = Counter()
        self.restarts = 0

    async def watch(self, live: Live, channel: str) -> None:
        async for item in live.channel(channel):
            if isinstance(item, Restart):
                self.restarts += 1
            elif isinstance(item, Publication):
                self.ids[item.event.id] += 1
                if item.event.type == "application.submitted":
                    self.submitted[item.event.data["application"]] += 1


@pytest.mark.chaos
async def test_each_service_dies_under_load_and_nothing_is_lost(
    livefair_up: Callable[..., RunningUp], tmp_path: Path
) -> None:
    up = livefair_up()
    secret = keyring.read(config.load(data=up.data)).token
    host = tokens.mint(secret, Claims("host", "h1"), ISSUED, 10**8)
    generated = Fair.generate(7, RATE * int(BETWEEN_S * (len(SERVICES) + 2)), 20)
    acknowledged: list[str] = []
    witness = Witness()
    async with Api(up.state["http"], host, TRIES) as api, Live(up.state["ws"], host) as live:
        fair = await api.create_fair("连环事故", "2026-11-24T19:00:00+08:00", "h1")
        jobs = [await api.open_job(fair, job) for job in generated.jobs]
        watching = asyncio.create_task(witness.watch(live, f"fair:{fair}:host"))
        await asyncio.wait_for(live.connected.wait(), 30)

        async def sign_up(person: int) -> None:
            body = generated.signup(person, jobs)
            body["consent"] = {**body["consent"], "host": True}
            answer = await api.sign_up(fair, body, key=f"person-{person}")
            acknowledged.extend(each["id"] for each in answer["applications"])

        async with asyncio.TaskGroup() as phones:
            phones.create_task(kill_each(up))
            for person in range(len(generated.people)):
                phones.create_task(sign_up(person))
                await asyncio.sleep(1 / RATE)

        assert len(set(acknowledged)) > RATE * BETWEEN_S * len(SERVICES) / 2

        async def missing() -> int:
            return len(set(acknowledged) - set(witness.submitted))

        await until(missing, lambda count: count == 0)
        watching.cancel()

    assert {event: times for event, times in witness.ids.items() if times > 1} == {}
    assert {application for application, times in witness.submitted.items() if times > 1} == set()
    acks = tmp_path / "acks"
    acks.write_text("\n".join(acknowledged))
    report = await until(lambda: audit(up.data, acks), done)
    assert report["insight_compared"] > 0
    assert (report["lost"], report["doubled"], report["differing"]) == (0, 0, 0), report
    assert report["acknowledged"] == len(acknowledged)


def done(found: dict[str, int]) -> bool:
    """Whether everything is decided, told and counted."""
    return found["under_way"] == found["undecided"] == found["insight_behind"] == 0


async def kill_each(up: RunningUp) -> None:
    """Kill one service after another, each once the one before it is back."""
    for service in SERVICES:
        await asyncio.sleep(BETWEEN_S)
        victim = pid_of(up, service)
        assert victim is not None, f"{service} does not run"
        os.kill(victim, signal.SIGKILL)

        async def is_back(service: str = service, victim: int = victim) -> bool:
            pid = pid_of(up, service)
            return pid is not None and pid != victim and alive(pid)

        await until(is_back)


async def audit(data: Path, acks: Path) -> dict[str, int]:
    """What `livefair audit` says."""
    found = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "livefair.cli", "audit", "--acks", str(acks), "--json"],
        env={**os.environ, "LIVEFAIR_DATA": str(data)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode in (0, 1), found.stderr
    report: dict[str, int] = json.loads(found.stdout)
    return report
