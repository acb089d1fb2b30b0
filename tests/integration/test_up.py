"""`livefair up` over services that only answer: its line, its restarts, its end, and what it says when it cannot."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from livefair import config, topics_admin
from livefair.wire.topics import TOPICS
from tests.support.embedded import Servers
from tests.support.up import RunningUp, alive, children, resident_kib, until

pytestmark = [pytest.mark.kafka, pytest.mark.valkey]

PROGRAM = ("-m", "tests.support.up_of_answering")
DYING = (*PROGRAM, "--die", "worker")


@pytest.fixture
def up(livefair_up: Callable[..., RunningUp]) -> Callable[..., RunningUp]:
    """`livefair_up` over services that only answer."""

    def start(*options: str, **how: Any) -> RunningUp:
        return livefair_up(*options, **{"program": PROGRAM, **how})

    return start


@pytest.fixture(scope="module")
def around_a_busy_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningUp, int]]:
    """One that was started with --any-port where a port was busy, and that port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        options = ("--gateway-port", str(port), "--any-port")
        running = RunningUp(tmp_path_factory.mktemp("steady"), options, PROGRAM).ready()
    yield running, port
    assert running.end() == 0


@pytest.fixture
def steady(around_a_busy_port: tuple[RunningUp, int]) -> RunningUp:
    """One for the tests that only look."""
    return around_a_busy_port[0]


def _get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310  (our own server)
        return json.load(answer)


def _refused(*options: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *PROGRAM, *options],
        capture_output=True,
        text=True,
        env={**os.environ, **variables},
        timeout=100,
    )


def _one_sentence(ended: subprocess.CompletedProcess[str], exit_code: int) -> str:
    assert ended.stdout == ""
    said = [line for line in ended.stderr.splitlines() if line.startswith("livefair: ")]
    assert len(said) == 1, ended.stderr
    assert ended.returncode == exit_code, ended.stderr
    return said[0]


def test_the_line_the_children_the_restarts_and_the_end(up: Callable[..., RunningUp]) -> None:
    running = up("--workers", "2")
    state = running.state
    assert list(state) == ["http", "ws", "kafka", "redis", "data", "pids"]
    assert state["http"].startswith("http://127.0.0.1:")
    assert state["ws"].startswith("ws://127.0.0.1:")
    assert state["ws"].endswith("/ws")
    assert state["data"] == str(running.data)
    counts = {name: len(pids) for name, pids in state["pids"].items()}
    assert counts == {"intake": 1, "gateway": 1, "worker": 2, "feeder": 1, "insight": 1, "kafka": 1, "redis": 1}
    assert children(running.process.pid) == sorted(running.pids())
    assert _get(f"{state['http']}/readyz") == {"ready": True, "pid": state["pids"]["intake"][0]}

    # Another command finds it by its directory alone.
    described = subprocess.run(
        [sys.executable, "-m", "livefair.cli", "topics", "describe", "--json"],
        capture_output=True,
        text=True,
        env={**os.environ, "LIVEFAIR_DATA": str(running.data)},
        timeout=60,
    )
    assert described.returncode == 0, described.stderr
    assert len(json.loads(described.stdout)["topics"]) == len(TOPICS)

    # Whoever dies, by whatever hand and however often, is there again.
    for pid in (*state["pids"]["intake"], *state["pids"]["redis"], *state["pids"]["worker"]):
        os.kill(pid, signal.SIGKILL)
    until(lambda: len(children(running.process.pid)) == len(running.pids()), what="the return of the killed")
    until(lambda: _answers(f"{state['http']}/readyz"), what="intake's answer")
    assert _get(f"{state['http']}/readyz")["pid"] != state["pids"]["intake"][0]

    everyone = [*running.pids(), *children(running.process.pid)]
    assert running.end(signal.SIGINT) == 0
    assert [pid for pid in everyone if alive(pid)] == []
    assert not config.state_file(running.data).exists()
    assert sum("was ended by SIGKILL" in line for line in running.words) == 4


def test_the_real_services_are_all_there_and_all_gone(livefair_up: Callable[..., RunningUp]) -> None:
    running = livefair_up("--workers", "2", "--gateways", "2")
    counts = {name: len(pids) for name, pids in running.state["pids"].items()}
    assert counts == {"intake": 1, "gateway": 2, "worker": 2, "feeder": 1, "insight": 1} | {
        "kafka": 1,
        "redis": 1,
    }
    everyone = children(running.process.pid)
    assert everyone == sorted(running.pids())
    for pid in everyone:
        if pid not in running.state["pids"]["kafka"]:
            assert resident_kib(pid) <= 120 * 1024, pid
    assert running.end() == 0
    assert [pid for pid in everyone if alive(pid)] == []


def _answers(url: str) -> bool:
    try:
        return bool(_get(url)["ready"])
    except OSError:
        return False


def test_what_was_there_is_there_again_after_a_kill_of_everything(up: Callable[..., RunningUp]) -> None:
    first = up()
    secret = (first.data / "secrets" / "master").read_bytes()
    first.process.kill()
    until(lambda: not any(alive(pid) for pid in first.pids()), within=10, what="the end of the orphans")
    second = up()
    assert second.state["kafka"] == first.state["kafka"]
    assert second.state["redis"] == first.state["redis"]
    assert (first.data / "secrets" / "master").read_bytes() == secret
    assert not any(line.startswith("created") for line in second.words)  # its topics were there


def test_two_on_one_directory_are_refused(steady: RunningUp) -> None:
    said = _one_sentence(_refused("--data", str(steady.data), "--any-port"), 3)
    assert f"(process {steady.process.pid}) uses {steady.data}" in said
    assert "--data" in said
    assert _get(f"{steady.state['http']}/readyz")["ready"]


def test_a_busy_port_is_named_before_anything_is_started(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        ended = _refused("--data", str(tmp_path), "--port", str(port))
    assert f"port {port} on 127.0.0.1 is taken" in _one_sentence(ended, 3)
    assert not (tmp_path / "kafka").exists()


def test_any_port_goes_around_a_busy_one(around_a_busy_port: tuple[RunningUp, int]) -> None:
    running, busy = around_a_busy_port
    assert urlsplit(running.state["ws"]).port not in (None, 0, busy)


def test_a_data_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ended = _refused("--data", str(tmp_path / "file" / "data"), "--any-port")
    assert f"the data directory {tmp_path}/file/data cannot be written" in _one_sentence(ended, 3)


def test_a_service_that_dies_at_start_is_named_with_its_last_words(livefair_up: Callable[..., RunningUp]) -> None:
    running = livefair_up(program=DYING, ready=False)
    assert running.end_by_itself() == 4
    words = "".join(running.words)
    assert "livefair: worker ended with exit code 1 before it was ready" in words
    assert "  | worker has nothing to live for" in words


def test_no_jars_and_no_network_is_one_sentence(tmp_path: Path, free_port: Callable[[], int]) -> None:
    mirror = f"http://127.0.0.1:{free_port()}"
    ended = _refused(
        *("--data", str(tmp_path / "data"), "--any-port"),
        LIVEFAIR_CACHE=str(tmp_path / "cache"),
        LIVEFAIR_MAVEN_MIRROR=mirror,
    )
    said = _one_sentence(ended, 3)
    assert "cannot fetch Kafka's jars" in said
    assert mirror in said


def test_ones_own_kafka_and_valkey_are_used_and_not_started(
    up: Callable[..., RunningUp], fresh_servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    kafka, _ = fresh_servers.kafka()
    valkey, _ = fresh_servers.valkey()
    monkeypatch.setenv("LIVEFAIR_KAFKA", kafka)
    monkeypatch.setenv("LIVEFAIR_REDIS", valkey)
    running = up()
    assert (running.state["kafka"], running.state["redis"]) == (kafka, valkey)
    assert running.state["pids"]["kafka"] == running.state["pids"]["redis"] == []
    assert not (running.data / "kafka").exists()


def test_a_valkey_of_ones_own_that_is_away_is_one_sentence(tmp_path: Path, free_port: Callable[[], int]) -> None:
    port = free_port()
    ended = _refused("--data", str(tmp_path), "--any-port", LIVEFAIR_REDIS=f"redis://127.0.0.1:{port}/0")
    assert f"nothing answers PING at LIVEFAIR_REDIS (127.0.0.1:{port})" in _one_sentence(ended, 3)


def test_a_cluster_with_other_partition_counts_is_one_sentence(
    tmp_path: Path, fresh_servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    kafka, _ = fresh_servers.kafka()
    jobs = next(topic for topic in TOPICS if topic.name == "jobs")
    fresh_servers.run(topics_admin.create(kafka, 1, [replace(jobs, partitions=3)]))
    ended = _refused("--data", str(tmp_path), "--any-port", LIVEFAIR_KAFKA=kafka)
    assert "topic 'jobs' has 3 partitions and must have 8" in _one_sentence(ended, 5)


def test_a_bad_setting_is_one_sentence(tmp_path: Path) -> None:
    ended = _refused("--data", str(tmp_path), LIVEFAIR_REPLICATION="none")
    assert "LIVEFAIR_REPLICATION is 'none'" in _one_sentence(ended, 2)


def test_people_are_told_everything_in_one_block(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, *PROGRAM, "--data", str(tmp_path / "data"), "--port", "0", "--gateway-port", "0", "--lan"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        block = ""
        while "reset" not in block:
            line = process.stdout.readline()
            assert line, process.stderr.read() if process.stderr else ""
            block += line
        process.send_signal(signal.SIGTERM)
        rest = process.stdout.read()
        assert process.wait(40) == 0
    for part in (
        "livefair is ready",
        "http://127.0.0.1:",
        "/openapi.json",
        "ws://127.0.0.1:",
        "/ws",
        "token --role host",
    ):
        assert part in block
    for part in (f"{tmp_path}/data", "tail -F", "Ctrl-C", f"rm -r {tmp_path}/data", f"LIVEFAIR_DATA={tmp_path}/data"):
        assert part in block
    # With a network there is a URL and its code, without one there is a sentence.
    assert ("From a phone" in rest and "█" in rest) or "no address on a network" in rest


def test_a_second_signal_does_not_wait(up: Callable[..., RunningUp]) -> None:
    running = up()
    (kafka,) = running.state["pids"]["kafka"]
    os.kill(kafka, signal.SIGSTOP)  # it cannot end by being asked
    running.process.send_signal(signal.SIGTERM)
    until(lambda: children(running.process.pid) == [kafka], what="the end of the others")
    assert running.end(signal.SIGTERM) == 0
    assert not alive(kafka)


def test_an_interrupted_start_leaves_nobody_behind(
    up: Callable[..., RunningUp], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / "maven").symlink_to(config.load().cache / "maven")
    monkeypatch.setenv("LIVEFAIR_CACHE", str(cache))
    running = up(ready=False)
    until(lambda: any("preparing Java's cache" in line for line in running.words), what="the start of Kafka's training")
    started = until(lambda: children(running.process.pid), what="Kafka's training")
    assert running.end(signal.SIGINT) == 130
    assert [pid for pid in started if alive(pid)] == []
    assert not list(cache.glob("tmp*"))


def test_doctor_knows_what_runs(steady: RunningUp) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "livefair.cli", "doctor", "--json"],
        capture_output=True,
        text=True,
        env={**os.environ, "LIVEFAIR_DATA": str(steady.data)},
        timeout=60,
    )
    report = json.loads(ended.stdout)
    found = {finding["check"]: finding["state"] for finding in report["findings"]}
    assert (ended.returncode, report["well"]) == (0, True), report
    assert {found[name] for name in ("data", "secrets", "up", "intake", "gateway", "topics")} == {"well"}


def test_doctor_finds_what_is_wrong(tmp_path: Path, free_port: Callable[[], int]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        ended = subprocess.run(
            [sys.executable, "-m", "livefair.cli", "doctor"],
            capture_output=True,
            text=True,
            env={
                **os.environ,
                "LIVEFAIR_DATA": str(tmp_path),
                "LIVEFAIR_CACHE": str(tmp_path / "empty"),
                "LIVEFAIR_MAVEN_MIRROR": f"http://127.0.0.1:{free_port()}",
                "LIVEFAIR_HTTP_PORT": str(port),
                "LIVEFAIR_KAKFA": "x:1",
            },
            timeout=60,
        )
    assert ended.returncode == 1
    lines = ended.stdout.splitlines()
    assert any(line.startswith("BAD") and f"port {port}" in line and "--port" in line for line in lines)
    assert any(line.startswith("BAD") and "LIVEFAIR_MAVEN_MIRROR" in line for line in lines)
    assert any(line.startswith("note") and "LIVEFAIR_KAKFA is no setting" in line for line in lines)
