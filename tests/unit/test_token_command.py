"""`livefair token`: what it prints is what every door believes, and a slip is one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from livefair import cli, config, keyring, tokens
from livefair.domain.access import Claims


@pytest.fixture
def secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> bytes:
    monkeypatch.setenv("LIVEFAIR_DATA", str(tmp_path))
    settings = config.load()
    keyring.make(settings)
    return keyring.read(settings).token


def test_it_prints_a_token_and_nothing_else(secret: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    scopes = ("--scope", "fair:f1", "--scope", "only:job:j1")
    assert cli.run(["token", "--role", "host", "--subject", "h1", *scopes]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert tokens.verify(secret, said.out.removesuffix("\n")) == Claims("host", "h1", ("fair:f1", "only:job:j1"))


def test_it_prints_json(secret: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["token", "--role", "office", "--subject", "140221", "--days", "1", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert tokens.verify(secret, said.pop("token")) == Claims("office", "140221")
    assert said.pop("expires") > 0
    assert said == {"role": "office", "subject": "140221", "scopes": []}


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("--role", "host", "--subject", "a b"), "subject"),
        (("--role", "office", "--subject", "Datong"), "GB/T 2260"),
        (("--role", "host", "--subject", "h1", "--scope", "everything"), "scope"),
    ],
)
def test_a_slip_is_one_sentence(
    secret: bytes, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], word: str
) -> None:
    assert cli.run(["token", *arguments]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert word in said.err


def test_without_secrets_it_says_where_they_should_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LIVEFAIR_DATA", str(tmp_path / "empty"))
    assert cli.run(["token", "--role", "host", "--subject", "h1"]) == 2
    assert "LIVEFAIR_TOKEN_SECRET_FILE" in capsys.readouterr().err
