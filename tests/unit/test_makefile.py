"""make setup on a machine that cannot: one clear sentence, and no half an environment left behind."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    for name in ("Makefile", "pyproject.toml", "uv.lock", "deploy/uv.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def _setup(clone: Path, python: str) -> tuple[int, str, str]:
    program = clone / "python3"
    program.write_text(f"#!/bin/sh\n{python}\n")
    program.chmod(0o755)
    # Under `make test` this is a make within a make, which would speak of its directories.
    outside = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    ended = subprocess.run(
        ["make", "setup", f"PYTHON={program}"], cwd=clone, env=outside, capture_output=True, text=True, timeout=60
    )
    return ended.returncode, ended.stdout, ended.stderr


def test_an_older_python_is_told_with_its_version(clone: Path) -> None:
    status, out, said = _setup(clone, '[ "$1" = --version ] && echo Python 3.9.2; exit 1')
    assert status != 0
    assert "livefair needs Python 3.11 or newer" in said
    assert "is Python 3.9.2" in said
    assert "make setup PYTHON=" in said
    assert out == ""
    assert not (clone / ".venv").exists()


def test_a_python_without_venv_is_told_what_to_install(clone: Path) -> None:
    status, _, said = _setup(clone, f'[ "$1" = -m ] && {{ mkdir .venv; exit 1; }}; exec {sys.executable} "$@"')
    assert status != 0
    assert "apt-get install python3-venv" in said
    assert not (clone / ".venv").exists()


def test_every_target_of_the_index_is_there(clone: Path) -> None:
    listed = subprocess.run(["make"], cwd=clone, capture_output=True, text=True, timeout=60, check=True).stdout
    for target in ("setup", "demo", "test", "fmt", "lint", "types", "bench", "lock"):
        assert f"make {target} " in listed
