"""Calls of one turn of the loop, sent to Valkey in one write: a fetch brings several partitions, each with a call."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

from redis.asyncio import Redis

Argument = str | bytes | int
_Call = tuple[str, int, tuple[Argument, ...]]


class Together:
    """Calls server-side functions; each gets its own answer, or its own error."""

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._waiting: list[tuple[_Call, asyncio.Future[Any]]] = []
        self._sending: set[asyncio.Task[None]] = set()

    async def call(self, function: str, keys: tuple[str, ...], *arguments: Argument) -> Any:
        """The function's answer. Raises what the server, or the way there, raises."""
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        if not self._waiting:
            task = asyncio.create_task(self._send())  # runs after those who are about to call in this turn
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)
        self._waiting.append(((function, len(keys), (*keys, *arguments)), answer))
        return await answer

    async def _send(self) -> None:
        waiting, self._waiting = self._waiting, []
        try:
            if len(waiting) == 1:
                answers: list[Any] = [await _ask(self._client, waiting[0][0])]
            else:
                async with self._client.pipeline(transaction=False) as pipe:
                    for call, _ in waiting:
                        _ask(pipe, call)
                    answers = await pipe.execute(raise_on_error=False)
        except Exception as error:  # noqa: BLE001  # whoever called decides what it means
            answers = [error] * len(waiting)
        for (_, future), answer in zip(waiting, answers, strict=True):
            if future.done():
                continue
            if isinstance(answer, Exception):
                future.set_exception(answer)
            else:
                future.set_result(answer)


def _ask(client: Redis, call: _Call) -> Awaitable[Any]:
    function, keys, arguments = call
    return client.fcall(function, keys, *arguments)
