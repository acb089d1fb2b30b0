"""`livefair up`: everything on this machine until it is told to stop.

Nothing is printed to stdout before everything is ready; a failure is one sentence and a non-zero exit.
"""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import signal
import socket
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Annotated

import msgspec
import segno
import typer
from rich.console import Console

from livefair import config
from livefair.config import Settings
from services.embedded.provision import OnConsole
from services.embedded.system import System

EVERYWHERE = "0.0.0.0"  # noqa: S104  (what --lan asks for)


def up(  # the options of contract.md
    data: Annotated[Path | None, typer.Option(help="Data directory.", show_default="LIVEFAIR_DATA")] = None,
    port: Annotated[int | None, typer.Option(help="HTTP port; 0: any free one.", show_default="8080")] = None,
    gateway_port: Annotated[
        int | None, typer.Option(help="Websocket port; 0: any free one.", show_default="8081")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that fold the topics.")] = 1,
    gateways: Annotated[int, typer.Option(min=1, max=64, help="Gateway processes on one port.")] = 1,
    any_port: Annotated[bool, typer.Option("--any-port", help="Take another port where one is busy.")] = False,
    lan: Annotated[bool, typer.Option("--lan", help="Listen on the network too, and show the QR code.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object when ready.")] = False,
) -> None:
    """Start Kafka, Valkey and every service on this machine; Ctrl-C ends them all."""
    settings = config.load(data=data, http_port=port, gateway_port=gateway_port, host=EVERYWHERE if lan else None)
    telling = OnConsole(Console(stderr=True))
    for name in config.unknown_variables(os.environ):
        telling.say(f"{name} is no setting of livefair and is ignored")
    system = System(settings, workers=workers, gateways=gateways, any_port=any_port, telling=telling)

    is_ready = False

    async def ready(took: float) -> None:
        nonlocal is_ready
        is_ready = True
        if as_json:
            sys.stdout.buffer.write(msgspec.json.encode(system.state()) + b"\n")
            sys.stdout.flush()
        else:
            typer.echo(ready_block(system, took))
        await asyncio.Event().wait()

    came = run(system, ready)
    telling.say("everything has ended; the data is kept")
    if came is not None and not is_ready:
        raise typer.Exit(128 + came)


def run(system: System, ready: Callable[[float], Awaitable[None]]) -> signal.Signals | None:
    """Run the system until ``ready`` (called with the seconds that the start took) returns, or a signal ends it.

    The first SIGINT, SIGTERM or SIGHUP ends everything in order, the second kills. Returns the signal if there was one.
    """
    came: list[signal.Signals] = []

    async def main() -> None:
        task = asyncio.current_task()
        loop = asyncio.get_running_loop()

        def stop(number: signal.Signals) -> None:
            came.append(number)
            if len(came) == 1 and task:
                task.cancel()
            else:
                system.supervisor.kill()

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, stop, number)
        began = time.monotonic()
        async with system:
            await ready(time.monotonic() - began)

    try:
        asyncio.run(main())
    except asyncio.CancelledError:
        if not came:
            raise
    return came[0] if came else None


def ready_block(system: System, took: float, first: Sequence[tuple[str, str]] = ()) -> str:
    """What a person needs to know once everything is ready; ``first`` are lines that go before the others."""
    state, settings = system.state(), system.settings
    command = _command(settings)
    lines = [
        *first,
        ("pages", f"{state.http}/"),
        ("docs", f"{state.http}/docs"),
        ("API", f"{state.http}/openapi.json"),
        ("live events", state.ws),
        ("log in", f"{command} token --role host --subject me   (also employer, candidate, office, operator)"),
        ("data", state.data),
        ("logs", f"tail -F {shlex.quote(str(system.log_dir))}/*.log"),
        ("Kafka", state.kafka + ("" if state.pids["kafka"] else "  (yours)")),
        ("Valkey", state.redis + ("" if state.pids["redis"] else "  (yours)")),
        ("stop", "Ctrl-C; the data is kept"),
        ("reset", f"stop, then rm -r {shlex.quote(state.data)}"),
    ]
    text = [f"livefair is ready after {took:.1f} s", ""]
    text += [f"  {name:<12} {value}" for name, value in lines]
    if settings.host == EVERYWHERE:
        text += ["", *_on_the_network(settings)]
    return "\n".join([*text, ""])


def _on_the_network(settings: Settings) -> list[str]:
    address = lan_address()
    if address is None:
        return ["  This machine has no address on a network: only itself reaches it."]
    url = f"http://{address}:{settings.http_port}/"
    return [f"  From a phone on the same network: {url}", "", _qr(url)]


def _qr(url: str) -> str:
    """The code as text: two rows of modules in a line, dark on light whatever the terminal's colours."""
    from io import StringIO

    out = StringIO()
    segno.make(url, error="m").terminal(out=out, border=2, compact=True)
    return out.getvalue()


def lan_address() -> str | None:
    """This machine's address on its network; nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # TEST-NET-1: routed like the world, belongs to nobody
            address: str = probe.getsockname()[0]
        except OSError:
            return None
    return None if address.startswith("127.") else address


def _command(settings: Settings) -> str:
    """How this person starts livefair, for this data directory."""
    name = "livefair" if shutil.which("livefair") else os.path.relpath(sys.argv[0])
    default = Settings.model_fields["data"].get_default(call_default_factory=True)
    return name if settings.data == default else f"LIVEFAIR_DATA={shlex.quote(str(settings.data))} {name}"
