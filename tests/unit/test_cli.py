"""The command line: commands come from entry points, errors are one sentence and an exit code."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint

import pytest

from livefair import cli
from livefair.errors import ClusterMismatch, LivefairError, ServiceFailed, Unavailable


def _fail(error: LivefairError) -> None:
    raise error


def hello(name: str = "you") -> None:
    """Greet."""
    sys.stdout.write(f"hello {name}\n")


def mismatch() -> None:
    _fail(ClusterMismatch("topic 'jobs' has 4 partitions."))


def failed() -> None:
    _fail(ServiceFailed("kafka ended; the last lines:", log=("one", "two")))


def side_by_side() -> None:
    raise ExceptionGroup("tasks", [ExceptionGroup("inner", [Unavailable("Kafka is away.")])])


def mixed() -> None:
    raise ExceptionGroup("tasks", [Unavailable("Kafka is away."), RuntimeError("a bug")])


def interrupted() -> None:
    raise KeyboardInterrupt


@pytest.fixture(autouse=True)
def _commands(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {"hello": "hello", "topics.create": "mismatch", "up": "failed", "wait": "interrupted", "far": "nowhere"}
    found |= {"intake": "side_by_side", "gateway": "mixed"}
    entries = {name: EntryPoint(name, f"{__name__}:{value}", cli.ENTRY_POINTS) for name, value in found.items()}
    monkeypatch.setattr(cli, "commands", lambda: entries)


def test_a_command_runs_without_importing_the_others(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["hello", "--name", "张丽"]) == 0  # "far" cannot be imported at all
    assert capsys.readouterr().out == "hello 张丽\n"


def test_an_unknown_command_is_named_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["helo"]) == 2
    assert capsys.readouterr().err == "livefair: there is no command 'helo': did you mean 'hello'?\n"


def test_a_command_far_from_all_is_told_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["xyzzy"]) == 2
    assert "the commands are far, gateway, hello, intake, topics, up, wait." in capsys.readouterr().err


def test_an_unknown_option_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["hello", "--nmae", "x"]) == 2
    assert "--nmae" in capsys.readouterr().err


def test_an_error_is_a_sentence_on_stderr_and_its_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["topics", "create"]) == ClusterMismatch.exit_code == 5
    captured = capsys.readouterr()
    assert captured.err == "livefair: topic 'jobs' has 4 partitions.\n"
    assert captured.out == ""


def test_a_failed_service_shows_its_last_lines(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["up"]) == 4
    assert capsys.readouterr().err == "livefair: kafka ended; the last lines:\n  | one\n  | two\n"


def test_an_error_of_one_of_several_tasks_is_the_same_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["intake"]) == Unavailable.exit_code == 6
    assert capsys.readouterr().err == "livefair: Kafka is away.\n"


def test_a_bug_beside_it_keeps_its_traceback() -> None:
    with pytest.raises(ExceptionGroup):
        cli.run(["gateway"])


def test_an_interruption_is_130() -> None:
    assert cli.run(["wait"]) == 130


def test_version_and_no_arguments(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert cli.run(["--version"]) == 0
    assert capsys.readouterr().out.strip().count(".") == 2
    monkeypatch.setattr(cli, "commands", dict)
    assert cli.run([]) == 2
