"""`livefair up` with tests.support.answering in the place of the services: for tests of the supervision alone.

Usage: python -m tests.support.up_of_answering [--die NAME] OPTIONS-OF-UP
"""

from __future__ import annotations

import sys

import typer

from livefair import cli
from services.embedded import system, up

NAMES = ("intake", "gateway", "worker", "feeder", "insight")


def main() -> None:
    options = sys.argv[1:]
    dying = options[1] if options[:1] == ["--die"] else ""
    found = {
        name: (sys.executable, "-m", "tests.support.answering", name, *(["--die"] if name == dying else []))
        for name in NAMES
    }
    system.installed_commands = lambda: found
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(up.up)
    cli.build = lambda _wanted=None: app  # type: ignore[assignment]
    sys.exit(cli.run(options[2:] if dying else options))


if __name__ == "__main__":
    main()
