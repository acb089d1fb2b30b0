"""The three secrets of a livefair: what signs tokens, what makes candidates' ids, what wraps people's data keys.

They live in files that only the owner can read, never in a variable, a log or a topic; losing the master key means
losing every name and phone, and another id secret makes every person a new one.
"""

from __future__ import annotations

import base64
import binascii
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from livefair.config import Settings, variable
from livefair.errors import DirectoryUnusable, SettingError

KEY_BYTES = 32

_SETTINGS = {"token": "token_secret_file", "identity": "id_secret_file", "master": "master_key_file"}


@dataclass(frozen=True, slots=True)
class Keyring:
    """The secrets themselves: at least 32 bytes each, ``master`` exactly 32 (AES-256)."""

    token: bytes = field(repr=False)
    identity: bytes = field(repr=False)
    master: bytes = field(repr=False)


def paths(settings: Settings) -> dict[str, Path]:
    """The file of each secret: the one that was set, else DATA/secrets/NAME."""
    return {name: getattr(settings, key) or settings.data / "secrets" / name for name, key in _SETTINGS.items()}


def make(settings: Settings) -> list[Path]:
    """Make the secrets that do not exist yet, mode 600; returns the new files. One that was set by hand is never made.

    Raises DirectoryUnusable.
    """
    made = []
    for name, path in paths(settings).items():
        if path.exists() or getattr(settings, _SETTINGS[name]) is not None:
            continue
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Written whole under another name first: a half-written secret must never be taken for one.
            draft = path.with_name(f".{name}.{secrets.token_hex(4)}")
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(base64.urlsafe_b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n")
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(draft, path)  # unlike rename, leaves alone what another process made meanwhile
                made.append(path)
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        except OSError as error:
            raise DirectoryUnusable(f"cannot write the secret {path}: {error.strerror}.") from None
    return made


def read(settings: Settings) -> Keyring:
    """Read the secrets. Raises SettingError naming the variable and the file."""
    return Keyring(**{name: _read(name, path) for name, path in paths(settings).items()})


def _read(name: str, path: Path) -> bytes:
    setting = variable(_SETTINGS[name])
    try:
        text = path.read_bytes().strip()
    except FileNotFoundError:
        raise SettingError(
            f"the {name} secret {path} does not exist: start `livefair up` once with this LIVEFAIR_DATA, "
            f"run `livefair secrets`, or set {setting}.",
            variable=setting,
        ) from None
    except OSError as error:
        raise SettingError(f"the {name} secret {path} cannot be read: {error.strerror}.", variable=setting) from None
    try:
        secret = base64.b64decode(text.translate(bytes.maketrans(b"-_", b"+/")), validate=True)
    except binascii.Error:
        secret = b""
    if len(secret) < KEY_BYTES or (name == "master" and len(secret) != KEY_BYTES):
        raise SettingError(
            f"the {name} secret {path} is not {KEY_BYTES} bytes in base64: restore it from a backup, "
            f"or make one with `openssl rand -base64 {KEY_BYTES}` for a new livefair.",
            variable=setting,
        )
    return secret
