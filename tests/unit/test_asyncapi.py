"""The AsyncAPI document is valid by AsyncAPI's own schema, says all that goes over the wire, and its examples hold."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import msgspec
import orjson
import pytest
from jsonschema_rs import Draft7Validator

from livefair.asyncapi import as_bytes, examples, live, log
from livefair.domain.applications import MOVES
from livefair.wire import session
from livefair.wire.channels import ChannelKind, parse_channel
from livefair.wire.closing import CLOSINGS
from livefair.wire.events import EVENTS, Event
from livefair.wire.session import COMMANDS, REPLIES, Command, Session
from livefair.wire.topics import TOPICS, Topic
from tests.support.papers import Papers

SCHEMA = Path(__file__).parents[1] / "schemas" / "asyncapi-3.0.0.json"
DOCUMENT: dict[str, Any] = orjson.loads(as_bytes())
PAPERS = Papers(DOCUMENT)


def test_it_is_valid_by_the_official_schema() -> None:
    official = Draft7Validator(orjson.loads(SCHEMA.read_bytes()))
    assert [
        f"{'/'.join(map(str, error.instance_path))}: {error.message}" for error in official.iter_errors(DOCUMENT)
    ] == []
    broken = DOCUMENT | {"channels": {"fair": {"adress": "fair:{fair}"}}}
    assert not official.is_valid(broken), "the schema would find a fault"


def test_every_reference_leads_somewhere() -> None:
    def look(value: Any) -> None:
        if isinstance(value, dict):
            if isinstance(value.get("$ref"), str):
                target: Any = DOCUMENT
                for part in value["$ref"].removeprefix("#/").split("/"):
                    target = target[part]
            for each in value.values():
                look(each)
        elif isinstance(value, list):
            for each in value:
                look(each)

    look(DOCUMENT)


def test_every_schema_is_one_of_draft_07() -> None:
    for name, schema in DOCUMENT["components"]["schemas"].items():
        Draft7Validator(schema | {"components": DOCUMENT["components"]})
        said = orjson.dumps(schema)
        assert not any(word in said for word in (b'"prefixItems"', b'"discriminator"', b'"$defs"')), name


# ---------------------------------------------------------------- the websocket


def test_every_command_and_every_reply_is_there_with_its_answer() -> None:
    assert examples.COMMANDS.keys() == COMMANDS.keys() == session.ANSWERS.keys()
    assert set(session.ANSWERS.values()) | {"error", "push"} == REPLIES.keys()
    for name, reply in session.ANSWERS.items():
        asked = DOCUMENT["operations"][name]
        assert asked["messages"] == [{"$ref": f"#/channels/socket/messages/command.{name}"}]
        assert {each["$ref"].rpartition(".")[2] for each in asked["reply"]["messages"]} == {reply, "error"}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_example_of_a_command_is_one_that_a_session_takes(name: str) -> None:
    connection = Session()
    if name != "connect":
        connection.accept(0, None, "s", 0)
    example = examples.COMMANDS[name]
    if name in ("unsubscribe", "ack"):
        connection.begin(example[name]["channel"])
    taken = connection.receive(orjson.dumps(example).decode())
    assert isinstance(taken, Command), taken
    assert type(taken.body) is COMMANDS[name]
    PAPERS.check(f"command.{name}", example)
    with pytest.raises(AssertionError):
        PAPERS.check(f"command.{name}", {**example, "more": 1})


def test_the_example_of_a_reply_is_what_a_session_says() -> None:
    replies = examples.replies()
    assert replies.keys() == REPLIES.keys()
    for name, reply in replies.items():
        PAPERS.check(f"reply.{name}" if name != "push" else "event.application.matched", reply)


def test_every_error_that_a_session_can_say_is_told() -> None:
    told = set(DOCUMENT["components"]["schemas"]["Refusal"]["properties"]["type"]["enum"])
    said = set()
    connection = Session()
    for message in (b"x", "x", "[]", '{"id":1,"shout":{}}', '{"id":1,"subscribe":{"channel":"fair:f1"}}'):
        answer = connection.receive(message)
        said.add(answer.error if isinstance(answer, session.Answer) else "")
    assert said == {"binary-frame", "invalid-json", "invalid-message", "unknown-command", "not-connected"}
    assert said | {session.UNAVAILABLE.type, session.NO_SUCH_CHANNEL.type} <= told


def test_every_close_code_is_told() -> None:
    told = DOCUMENT["channels"]["socket"]["x-close-codes"]
    assert [(each["code"], each["name"], each["wait"]) for each in told] == [each[:3] for each in CLOSINGS]
    assert all(each["says"] for each in told)
    assert {each["code"]: each["comeBack"] for each in told} == {each.code: each.code < 4500 for each in CLOSINGS}


@pytest.mark.parametrize("kind", live.CHANNELS)
def test_an_address_is_that_of_a_channel(kind: ChannelKind) -> None:
    address, _ = live.CHANNELS[kind]
    found = parse_channel(address.format(**examples.CHANNEL_IDS))
    assert found is not None
    assert found.kind == kind
    assert set(DOCUMENT["channels"][kind]["parameters"]) == {address.partition("{")[2].partition("}")[0]}


@pytest.mark.parametrize("name", EVENTS)
def test_an_event_is_told_with_its_class_its_channels_and_an_example_that_fits(name: str) -> None:
    pushed = EVENTS[name]
    for kind, channel in DOCUMENT["channels"].items():
        if kind in live.CHANNELS:
            assert (f"event.{name}" in channel["messages"]) is (kind in pushed.channels)
    example = DOCUMENT["components"]["messages"][f"event.{name}"]["examples"][0]["payload"]
    PAPERS.check(f"event.{name}", example)
    event = msgspec.convert(example["push"]["event"], Event)
    assert isinstance(msgspec.json.decode(orjson.dumps(event.data), type=pushed.data), pushed.data)
    assert example["push"]["class"] == pushed.class_
    assert "{" not in pushed.entity.format(**event.data)
    other = {**example["push"], "class": "sample"}
    with pytest.raises(AssertionError):
        PAPERS.check(f"event.{name}", {"push": other})


def test_a_field_that_is_not_told_is_found() -> None:
    example = copy.deepcopy(DOCUMENT["components"]["messages"]["event.line.moved"]["examples"][0]["payload"])
    example["push"]["event"]["data"]["phone"] = "+8613800138000"
    with pytest.raises(AssertionError, match="phone"):
        PAPERS.check("event.line.moved", example)


def test_every_state_of_an_application_is_an_event() -> None:
    assert {f"application.{state}" for state in MOVES} == {name for name in EVENTS if name.startswith("application.")}


# ---------------------------------------------------------------- the topics


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_a_topic_is_told_with_its_partitions_its_retention_and_its_records(topic: Topic) -> None:
    told = DOCUMENT["channels"][f"topic.{topic.name}"]
    assert told["address"] == topic.name
    assert told["x-key"] == topic.key
    assert told["x-config"] == dict(topic.config)
    kafka = told["bindings"]["kafka"]
    assert kafka["partitions"] == topic.partitions
    assert ",".join(kafka["topicConfiguration"]["cleanup.policy"]) == topic.config["cleanup.policy"]
    assert kafka["topicConfiguration"].get("retention.ms") == (
        int(topic.config["retention.ms"]) if "retention.ms" in topic.config else None
    )
    assert told["messages"], f"livefair/asyncapi/log.py does not say what {topic.name} holds"


def test_a_record_without_its_headers_is_none_of_ours() -> None:
    headers = log.messages()["matches.offer.made"]["headers"]
    assert set(headers["required"]) >= {"ce_specversion", "ce_id", "ce_source", "ce_type", "ce_position"}
    assert "ce_position" not in log.messages()["matches.fence"]["headers"]["properties"]
