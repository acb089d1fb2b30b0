"""`livefair doctor`: what is wrong here and what to do. `livefair secrets`: makes the secrets, starts nothing."""

from __future__ import annotations

import asyncio
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.text import Text

from livefair import config, keyring
from services.embedded.checks import Finding, examine

_SIGNS = {"well": ("ok", "green"), "note": ("note", "yellow"), "bad": ("BAD", "red")}


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """Say what is wrong on this machine and what to do; exit code 1 if something keeps livefair from working."""
    settings = config.load()

    async def all_findings() -> list[Finding]:
        found = []
        async for finding in examine(settings):
            if not as_json:
                _show(finding)
            found.append(finding)
        return found

    found = asyncio.run(all_findings())
    well = all(finding.state != "bad" for finding in found)
    if as_json:
        typer.echo(msgspec.json.encode({"well": well, "findings": found}).decode())
    raise typer.Exit(0 if well else 1)


def secrets(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """Make the secrets that do not exist yet; a cluster does this once and shares the files."""
    settings = config.load()
    made = [str(path) for path in keyring.make(settings)]
    if as_json:
        typer.echo(msgspec.json.encode({"made": made, "files": keyring.paths(settings)}, enc_hook=str).decode())
    else:
        typer.echo("\n".join(made) if made else "all three secrets are there already")


def _show(finding: Finding) -> None:
    sign, colour = _SIGNS[finding.state]
    line = Text.assemble((f"{sign:<5}", colour), f"{finding.check}: {finding.found}")
    if finding.do:
        line.append(f" → {finding.do}", style="bold")
    Console().print(line, soft_wrap=True)
