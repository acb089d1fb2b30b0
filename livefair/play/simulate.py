"""`livefair simulate`: load through the doors of a running livefair, and how long the host waits for each sign-up.

Sign-ups come at an even pace whether or not earlier ones are answered, so that a slow door is not spared.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
import uvloop
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table

from livefair import config, keyring
from livefair.client import Api
from livefair.errors import InvalidInput, SettingError
from livefair.garbage import collect_seldom
from livefair.play.arrivals import Arrival
from livefair.play.fair import GeneratedFair
from livefair.play.host import Host
from livefair.play.phones import Phones
from livefair.play.show import HOST, Acks, badge, settle, today
from livefair.play.tally import Tally
from livefair.play.watching import Doors
from livefair.play.witness import percentiles

JOBS = 40
"""Jobs of a fair that is opened for the occasion."""
SEEDS = 1 << 32


def simulate(
    rate: Annotated[float, typer.Option(min=0.1, max=5000, help="Sign-ups a second.")],
    seconds: Annotated[float, typer.Option(min=1, max=3600, help="For how long.")],
    fair: Annotated[str | None, typer.Option(help="The fair.", show_default="one opened for this")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="What people are drawn from.", show_default="random")] = None,
    http: Annotated[str | None, typer.Option(help="URL of the HTTP door.", show_default="that of `up`")] = None,
    ws: Annotated[str | None, typer.Option(help="URL of the websocket door.", show_default="that of `up`")] = None,
    acks: Annotated[
        Path | None, typer.Option(help="Append each application id that was acknowledged, for `audit --acks`.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Load through the doors; exit code 1 if clients saw anything lost or doubled."""
    settings = config.load()
    doors = find_doors(settings, http, ws)
    secret = keyring.read(settings).token
    chosen = random.SystemRandom().randrange(SEEDS) if seed is None else seed
    result = uvloop.run(run(doors, secret, fair, rate, seconds, chosen, acks))
    if as_json:
        sys.stdout.buffer.write(orjson.dumps(result) + b"\n")
    else:
        _show(result)
    raise typer.Exit(1 if result["lost"] or result["doubled"] else 0)


def find_doors(settings: config.Settings, http: str | None, ws: str | None) -> Doors:
    """The doors that were named, else those of the `livefair up` that runs on LIVEFAIR_DATA. Raises SettingError."""
    if http is None or ws is None:
        running = config.running_up(settings.data)
        if running is None:
            raise SettingError(
                f"no `livefair up` runs on {settings.data}: start one, or name both doors with --http and --ws.",
                variable="--http" if http is None else "--ws",
            )
        http, ws = http or running["http"], ws or running["ws"]
    return Doors(http, ws)


async def run(
    doors: Doors, secret: bytes, fair: str | None, rate: float, seconds: float, seed: int, acks: Path | None = None
) -> dict[str, Any]:
    """Do it; what came of it, as plain values. Raises Problem, InvalidInput, Unavailable."""
    tally = Tally()
    token = badge(secret, "host", HOST) if fair is None else badge(secret, "host", HOST, f"fair:{fair}")
    host = Host(doors, token, tally)
    with Acks(acks) as told:
        await host.open()
        try:
            fair, jobs = await _opened(host, seed) if fair is None else await _found(doors, fair)
            count = round(rate * seconds)
            people = GeneratedFair.around(seed, count, jobs, today=today())
            schedule = [Arrival(number / rate, number, "signup") for number in range(count)]
            await host.watch(fair, overlay=False)
            async with Phones(doors, fair, seed, tally, watching=0, told=told) as phones:
                began, used = time.monotonic(), time.process_time()
                await _with_progress(phones, people, [job["job"] for job in jobs], schedule)
                took, used = time.monotonic() - began, time.process_time() - used
                await settle(tally)
        finally:
            await host.close()
    promises = tally.promises
    return {
        "fair": fair,
        "seed": seed,
        "rate": rate,
        "seconds": round(took, 2),
        "sent": count,
        "accepted": tally.done["sign-ups"],
        "refused": dict(tally.refused),
        "applications": len(promises.acknowledged),
        "pushed": promises.submitted,
        "latency_ms": tally.latency(),
        "from_tap_ms": percentiles(promises.from_tap),
        "behind_ms": percentiles(tally.behind),
        "own_cpu_s": round(used, 3),
        "lost": len(promises.missing),
        "doubled": len(tally.doubled),
        "holes": len(tally.holes),
    }


async def _opened(host: Host, seed: int) -> tuple[str, list[dict[str, Any]]]:
    plan = GeneratedFair.generate(seed, 0, JOBS, today=today())
    fair = await host.schedule(plan.fair, key=f"simulate-{seed}-{time.time_ns()}")
    opening = [host.open_job(fair, body, key=f"job-{number}") for number, body in enumerate(plan.jobs)]
    jobs = await asyncio.gather(*opening)
    await host.go_live(fair)
    return fair, jobs


async def _found(doors: Doors, fair: str) -> tuple[str, list[dict[str, Any]]]:
    async with Api(doors.http) as api:
        found = await api.fair(fair)
    jobs = [job for job in found["jobs"] if not job["paused"]]
    if found["state"] == "closed":
        raise InvalidInput(f"fair {fair} is closed: name one that takes sign-ups.", field="--fair")
    if not jobs:
        raise InvalidInput(f"fair {fair} has no job that takes people on: open one first.", field="--fair")
    return fair, jobs


async def _with_progress(phones: Phones, people: GeneratedFair, ids: list[str], schedule: list[Arrival]) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:.0f} s"))
    total = schedule[-1].at_s if schedule else 0.0
    # What was drawn beforehand lives to the end: the collector need not walk through it while latencies are taken.
    collect_seldom()
    with Progress(*columns, console=Console(stderr=True), auto_refresh=False, transient=True) as progress:
        bar = progress.add_task("signing up", total=total)
        playing = asyncio.create_task(phones.play(people, ids, schedule))
        began = time.monotonic()
        while not playing.done():
            await asyncio.wait({playing}, timeout=0.5)
            progress.update(bar, completed=min(total, time.monotonic() - began), refresh=True)
        await playing


def _show(result: Mapping[str, Any]) -> None:
    table = Table(show_header=False)
    for name, value in result.items():
        table.add_row(name, str(value))
    Console().print(table)
