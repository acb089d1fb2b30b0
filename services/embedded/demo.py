"""`livefair demo`: everything that `up` starts, and a live fair in it, played through the doors like anyone's.

With --headless it plays for a while, audits the log, says what came of it, and fails where anything acknowledged was
lost or doubled.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from livefair import config, keyring
from livefair.errors import LivefairError, ServiceFailed
from livefair.play.show import Show
from livefair.play.tally import Tally
from livefair.play.watching import Doors
from services.embedded.provision import OnConsole
from services.embedded.system import System
from services.embedded.up import EVERYWHERE, ready_block, run

PLEASANT_RATE, HEADLESS_RATE = 8.0, 20.0
HEADLESS_S = 20.0
WATCHING = 120
"""Phones with a websocket open at one time."""
NEWEST = 500
"""Applications whose latency the line on the terminal shows."""
SEEDS = 1_000_000
CLOSE_S = 2.0


def demo(
    seconds: Annotated[
        float | None, typer.Option(min=1, help="How long to play.", show_default="until Ctrl-C; headless: 20")
    ] = None,
    rate: Annotated[
        float | None, typer.Option(min=0.1, max=1000, help="Sign-ups a second.", show_default="8; headless: 20")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="What the fair is drawn from.", show_default="random")] = None,
    headless: Annotated[bool, typer.Option("--headless", help="Play, audit, say what came of it, end.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as one JSON object.")] = False,
    data: Annotated[Path | None, typer.Option(help="Data directory.", show_default="LIVEFAIR_DATA/demo")] = None,
    port: Annotated[int | None, typer.Option(help="HTTP port; 0: any free one.", show_default="8080")] = None,
    gateway_port: Annotated[
        int | None, typer.Option(help="Websocket port; 0: any free one.", show_default="8081")
    ] = None,
    any_port: Annotated[bool, typer.Option("--any-port", help="Take another port where one is busy.")] = False,
    lan: Annotated[bool, typer.Option("--lan", help="Listen on the network too, and show the QR code.")] = False,
) -> None:
    """A live fair on this machine; Ctrl-C ends it all."""
    settings = config.load(
        data=data or config.load().data / "demo",
        http_port=port,
        gateway_port=gateway_port,
        host=EVERYWHERE if lan else None,
    )
    telling = OnConsole(Console(stderr=True))
    for name in config.unknown_variables(os.environ):
        telling.say(f"{name} is no setting of livefair and is ignored")
    system = System(settings, any_port=any_port, telling=telling)
    playing = _Playing(
        system,
        telling.console,
        seed=random.SystemRandom().randrange(SEEDS) if seed is None else seed,
        rate=rate or (HEADLESS_RATE if headless else PLEASANT_RATE),
        seconds=seconds or (HEADLESS_S if headless else None),
        talking=not headless,
        to_stderr=as_json,
    )
    came = run(system, playing.ready)
    if playing.summary is None:
        telling.say("everything has ended; the data is kept")
        raise typer.Exit(128 + came if came and headless else 0)
    if as_json:
        sys.stdout.buffer.write(orjson.dumps(playing.summary) + b"\n")
    else:
        _show(playing.summary)
    raise typer.Exit(0 if playing.summary["clean"] else 1)


class _Playing:
    """One play in a system that is ready. `summary` is what came of it, None where it was broken off."""

    def __init__(
        self,
        system: System,
        console: Console,
        *,
        seed: int,
        rate: float,
        seconds: float | None,
        talking: bool,
        to_stderr: bool,
    ) -> None:
        self.summary: dict[str, Any] | None = None
        self._system = system
        self._console = console
        self._seed = seed
        self._rate = rate
        self._seconds = seconds
        self._talking = talking
        self._to_stderr = to_stderr

    async def ready(self, took: float) -> None:
        """Play, from the moment at which everything is ready. Raises LivefairError."""
        try:
            await self._play(took)
        except* LivefairError as group:
            raise _first(group) from None

    async def _play(self, took: float) -> None:
        state, settings = self._system.state(), self._system.settings
        secret = keyring.read(settings).token
        acks = settings.data / f"acks-{self._seed}-{os.getpid()}.txt"
        doors = Doors(state.http, state.ws)
        async with Show(doors, secret, self._seed, watching=WATCHING, acks=acks) as show:
            if self._talking:
                typer.echo(ready_block(self._system, took, _urls(state.http, show, self._seed)), err=self._to_stderr)
            line = asyncio.create_task(_tell(self._console, show.tally))
            try:
                if self._seconds is None:
                    await show.go_on(self._rate)
                else:
                    await show.play(self._rate, self._seconds)
                    await show.end()
            except asyncio.CancelledError:
                # Whoever looks at the data again finds a fair that is over.
                with suppress(TimeoutError, LivefairError):
                    async with asyncio.timeout(CLOSE_S):
                        await show.close_fair()
                raise
            finally:
                line.cancel()
                await asyncio.gather(line, return_exceptions=True)
        audit = await _audit(self._system, show.fair, acks)
        self.summary = _summary(show, took, self._rate, self._seconds, audit)


def _first(group: ExceptionGroup[LivefairError]) -> LivefairError:
    error: LivefairError | ExceptionGroup[LivefairError] = group
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error


def _urls(http: str, show: Show, seed: int) -> list[tuple[str, str]]:
    return [
        ("host page", f"{http}/host/{show.fair}   (log in with the token below)"),
        ("host token", show.host_token),
        ("candidates", f"{http}/fairs/{show.fair}"),
        ("seed", str(seed)),
    ]


async def _tell(console: Console, tally: Tally) -> None:
    """One line that changes as the fair goes on; nothing where nobody looks."""
    if not console.is_terminal:
        return
    loop = asyncio.get_running_loop()
    began = loop.time()
    with Live(console=console, auto_refresh=False, transient=True) as live:
        while True:
            latency = tally.latency(NEWEST)
            minutes, seconds = divmod(int(loop.time() - began), 60)
            words = (
                f"live {minutes}:{seconds:02d}",
                f"{tally.done['sign-ups']} sign-ups",
                f"{tally.heard['application.matched']} matched",
                f"{tally.waiting} waiting",
                f"{tally.done['accepted']} accepted",
                f"to the host in {latency['p50'] or 0:.0f} ms",
            )
            live.update(Text(" · ".join(words), no_wrap=True, overflow="ellipsis"), refresh=True)
            await asyncio.sleep(0.5)


async def _audit(system: System, fair: str, acks: Path) -> dict[str, Any]:
    """What `livefair audit` says. Raises ServiceFailed where it says nothing."""
    words = ("audit", "--fair", fair, "--acks", str(acks), "--json")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "livefair.cli", *words),
        env={**os.environ, **system.settings.environment()},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        said, complaint = await process.communicate()
    except asyncio.CancelledError:
        process.kill()
        raise
    if process.returncode not in (0, 1) or not said:
        lines = tuple(complaint.decode(errors="replace").splitlines()[-15:])
        raise ServiceFailed(f"livefair audit ended with exit code {process.returncode}", log=lines)
    found: dict[str, Any] = orjson.loads(said)
    return found


def _summary(show: Show, took: float, rate: float, seconds: float | None, audit: dict[str, Any]) -> dict[str, Any]:
    tally = show.tally
    return {
        "fair": show.fair,
        "seed": show.seed,
        "rate": rate,
        "seconds": seconds,
        "ready_s": round(took, 2),
        **tally.summary(),
        "lost": audit["lost"] + len(tally.promises.missing),
        "doubled": audit["doubled"] + len(tally.doubled),
        "differing": audit["differing"],
        "clean": audit["clean"] and tally.faultless,
        "audit": audit,
    }


def _show(summary: dict[str, Any]) -> None:
    table = Table(show_header=False)
    for name, value in summary.items():
        table.add_row(name.replace("_", " "), str(value))
    Console().print(table)
