"""Any sequence of frames: nothing raises, and every answer repeats the id of its question."""

from __future__ import annotations

import json
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from livefair.domain.access import Claims
from livefair.wire.closing import CLOSINGS, Closing
from livefair.wire.session import COMMANDS, NO_SUCH_CHANNEL, UNAVAILABLE, Answer, Command, Connect, Session, Subscribe

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
channels = st.sampled_from(["fair:f1", "fair:f1:host", "job:j1", "candidate:c1", "office:140221", "room:1", ""])
bodies = st.fixed_dictionaries(
    {},
    optional={
        "channel": channels | json_values,
        "token": st.text() | json_values,
        "client": st.text(max_size=5),
        "offset": st.integers(-2, 9) | json_values,
        "since": st.fixed_dictionaries({"epoch": st.text(max_size=3), "offset": st.integers(-2, 9)}) | json_values,
    },
)
commands = st.dictionaries(st.sampled_from(sorted(COMMANDS)) | st.text(max_size=5), bodies | json_values, max_size=2)
messages = st.one_of(
    st.text(),
    st.binary(),
    json_values.map(json.dumps),
    st.builds(
        lambda identifier, body: json.dumps({"id": identifier, **body}), st.integers(-1, 2**54) | json_values, commands
    ),
    commands.map(json.dumps),
)


def identifier_of(message: str | bytes) -> Any:
    try:
        given_ = orjson.loads(message) if isinstance(message, str) else None
    except orjson.JSONDecodeError:
        return None
    identifier = given_.get("id") if isinstance(given_, dict) else None
    return identifier if type(identifier) is int and 0 <= identifier < 2**53 else None


def carry_out(session: Session, command: Command, fate: int) -> Answer | Closing:
    """What a gateway might say to a command."""
    body = command.body
    if isinstance(body, Connect):
        claims = Claims("host", "h1") if fate else None
        return session.accept(command.id, claims, "s1", 1)
    if isinstance(body, Subscribe):
        session.begin(body.channel)
        if fate == 1:
            return session.subscribed(command.id, body.channel, "e", 7, True, [])
        outcome = session.refuse(command.id, NO_SUCH_CHANNEL if fate else UNAVAILABLE, body.channel)
        assert not isinstance(outcome, Command)
        return outcome
    return session.present(command.id, body.channel, 1)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(messages, st.integers(0, 2)), max_size=20))
def test_any_sequence_of_frames_gets_answers_with_its_ids(frames: list[tuple[str | bytes, int]]) -> None:
    session = Session()
    for message, fate in frames:
        connected = session.connected
        outcome = session.receive(message)
        if isinstance(outcome, Command):
            assert connected or isinstance(outcome.body, Connect)
            outcome = carry_out(session, outcome, fate)
        if isinstance(outcome, Closing):
            assert outcome in CLOSINGS
            return
        said = orjson.loads(outcome.data)
        assert said.get("id") == identifier_of(message)
        assert len(said) == (1 if said.get("id") is None else 2)
        if outcome.error:
            assert said["error"]["type"] == outcome.error
            assert said["error"]["title"]
            assert isinstance(said["error"]["retry"], bool)


def test_a_client_that_only_errs_is_closed_in_the_end() -> None:
    session = Session()
    outcomes = [session.receive("{") for _ in range(2000)]
    assert isinstance(outcomes[0], Answer)
    assert isinstance(outcomes[-1], Closing)
    assert outcomes[-1].code >= 4500
