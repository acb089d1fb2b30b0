"""The `livefair` command: finds its commands through entry points and turns errors into one sentence and an exit code.

stdout carries data, stderr progress and messages; NO_COLOR is honoured.

Exit codes: 0 done · 1 the answer is bad (audit found something, demo lost something) or an unforeseen failure ·
2 wrong usage, input or setting · 3 this machine lacks something (port, directory, download) · 4 a service failed to
start · 5 the cluster's topics differ · 6 Kafka or Valkey did not answer · 130 interrupted.
"""

from __future__ import annotations

import difflib
import sys
from importlib.metadata import EntryPoint, entry_points, version
from typing import Annotated

import typer

from livefair import logs
from livefair.errors import LivefairError, ServiceFailed

ENTRY_POINTS = "livefair.commands"

#: What the commands of one group do together, for `livefair --help`.
GROUP_HELP = {"topics": "Create and describe the topics of a cluster."}


def commands() -> dict[str, EntryPoint]:
    """Every command by its full name; a dot separates a group from its command ("topics.create")."""
    return {entry.name: entry for entry in sorted(entry_points(group=ENTRY_POINTS), key=lambda entry: entry.name)}


def _new_app(text: str) -> typer.Typer:
    return typer.Typer(
        help=text,
        add_completion=False,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )


def build(wanted: str | None = None) -> typer.Typer:
    """The application. With ``wanted`` only that command or group is imported: a service starts without the others."""
    app = _new_app(
        "The backend of a live job fair. Settings come from LIVEFAIR_* variables; `livefair doctor` checks them."
    )

    @app.callback(epilog="Exit codes: 0 done, 1 bad answer, 2 usage, 3 machine, 4 service, 5 topics, 6 no answer.")
    def livefair(
        _version: Annotated[
            bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
        ] = False,
    ) -> None:
        pass

    groups: dict[str, typer.Typer] = {}
    for name, entry in commands().items():
        top, _, rest = name.partition(".")
        if wanted is not None and top != wanted:
            continue
        if rest and top not in groups:
            groups[top] = _new_app(GROUP_HELP.get(top, ""))
            groups[top].callback()(lambda: None)
            app.add_typer(groups[top], name=top)
        (groups[top] if rest else app).command(rest or name)(entry.load())
    return app


def _show_version(shown: bool) -> None:
    if shown:
        print(version("livefair"))
        raise typer.Exit


def unknown(name: str) -> str | None:
    """The sentence about a command that does not exist, None when it does."""
    known = sorted({each.partition(".")[0] for each in commands()})
    if name in known:
        return None
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"did you mean '{near[0]}'?" if near else f"the commands are {', '.join(known)}."
    return f"there is no command '{name}': {hint}"


def main(args: list[str] | None = None) -> None:
    """Run the command line and end the process with its exit code."""
    sys.exit(run(args))


def run(args: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    args = sys.argv[1:] if args is None else args
    # Only help has to know every command.
    wanted = None if not args or args[0] in ("-h", "--help") else args[0]
    if wanted and not wanted.startswith("-") and (sentence := unknown(wanted)):
        _say(sentence)
        return 2
    logs.hush()
    try:
        build(wanted)(args=args, prog_name="livefair")
    except LivefairError as error:
        return _tell(error)
    except BaseExceptionGroup as group:
        # Tasks that ran side by side; what is not an error of ours stays a traceback.
        errors, rest = group.split(LivefairError)
        if errors is None or rest is not None:
            raise
        return _tell(_first(errors))
    except KeyboardInterrupt:
        return 130
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def _first(group: BaseExceptionGroup[LivefairError]) -> LivefairError:
    found = group.exceptions[0]
    return _first(found) if isinstance(found, BaseExceptionGroup) else found


def _tell(error: LivefairError) -> int:
    _say(error.message)
    if isinstance(error, ServiceFailed):
        for line in error.log:
            print(f"  | {line}", file=sys.stderr)
    return error.exit_code


def _say(sentence: str) -> None:
    print(f"livefair: {sentence}", file=sys.stderr)


if __name__ == "__main__":
    main()
