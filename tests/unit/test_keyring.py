"""Secrets: made once, whole, for the owner alone; what is not a secret is refused by name."""

from __future__ import annotations

import base64
import stat
from pathlib import Path

import pytest

from livefair import config, keyring
from livefair.errors import SettingError


def test_they_are_made_once_with_mode_600(tmp_path: Path) -> None:
    settings = config.load(data=tmp_path)
    made = keyring.make(settings)
    assert sorted(path.name for path in made) == ["identity", "master", "token"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in made} == {0o600}
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700
    first = keyring.read(settings)
    assert keyring.make(settings) == []
    assert keyring.read(settings) == first
    assert len({first.token, first.identity, first.master}) == 3
    assert {len(first.token), len(first.identity), len(first.master)} == {32}
    assert sorted(path.name for path in (tmp_path / "secrets").iterdir()) == ["identity", "master", "token"]


def test_they_are_never_shown(tmp_path: Path) -> None:
    settings = config.load(data=tmp_path)
    keyring.make(settings)
    secrets = keyring.read(settings)
    assert repr(secrets) == "Keyring()"


def test_only_the_missing_ones_are_made(tmp_path: Path) -> None:
    settings = config.load(data=tmp_path)
    keyring.make(settings)
    before = keyring.read(settings)
    keyring.paths(settings)["token"].unlink()
    assert [path.name for path in keyring.make(settings)] == ["token"]
    after = keyring.read(settings)
    assert (after.identity, after.master) == (before.identity, before.master)
    assert after.token != before.token


def test_a_file_of_ones_own_is_read_in_either_alphabet_and_never_made(tmp_path: Path) -> None:
    own = tmp_path / "vault" / "master"
    settings = config.load(data=tmp_path, master_key_file=own)
    assert keyring.make(settings) == [path for path in keyring.paths(settings).values() if path != own]
    with pytest.raises(SettingError, match="LIVEFAIR_MASTER_KEY_FILE"):
        keyring.read(settings)
    own.parent.mkdir()
    key = bytes([0xFB, 0xFF] * 16)
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        own.write_bytes(encode(key) + b"\n")
        assert keyring.read(settings).master == key


@pytest.mark.parametrize("content", [b"", b"short", base64.b64encode(b"x" * 31), b"!" * 44, b"\xff" * 44])
def test_what_is_no_secret_is_refused_with_its_file(tmp_path: Path, content: bytes) -> None:
    settings = config.load(data=tmp_path)
    keyring.make(settings)
    keyring.paths(settings)["identity"].write_bytes(content)
    with pytest.raises(SettingError, match=r"identity secret .* is not 32 bytes") as caught:
        keyring.read(settings)
    assert caught.value.variable == "LIVEFAIR_ID_SECRET_FILE"
