"""`livefair token`: prints a token, signed with the secret that `up` keeps in LIVEFAIR_DATA.

Whoever can read that file can be anyone; the command gives nobody more than that.
"""

from __future__ import annotations

import sys
import time
from typing import Annotated

import orjson
import typer

from livefair import config, keyring, tokens
from livefair.domain.access import Claims, Role


def token(
    role: Annotated[Role, typer.Option(help="What they are.")],
    subject: Annotated[
        str, typer.Option(metavar="ID", help="Who they are: a host's or employer's name, c…, a region.")
    ],
    scope: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SCOPE", help="fair:ID, job:ID, office:REGION: hand out more; only:…: narrow. May be repeated."
        ),
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=3650, help="How long it is good for.")] = 30,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Print a token for a host, an employer, a candidate, an office or an operator."""
    claims = Claims(role, subject, tuple(scope or ()))
    tokens.check(claims)
    issued = int(time.time())
    text = tokens.mint(keyring.read(config.load()).token, claims, issued, days * 86_400)
    if not as_json:
        typer.echo(text)
        return
    answer = {
        "token": text,
        "role": role,
        "subject": subject,
        "scopes": claims.scopes,
        "expires": issued + days * 86_400,
    }
    sys.stdout.write(orjson.dumps(answer).decode() + "\n")
