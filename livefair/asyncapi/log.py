"""The topics of Kafka in the document: key, partitions, retention, and each record with its headers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

import msgspec

from livefair.asyncapi.live import summary_of
from livefair.asyncapi.schemas import Schema, ref, text
from livefair.sealing import WrappedKey
from livefair.wire.acks import Seen
from livefair.wire.control import FeedEpoch
from livefair.wire.dead_letters import DeadLetter
from livefair.wire.decisions import DeskDecision, FairDecision, MatchDecision
from livefair.wire.envelope import DecisionHeaders, fact_headers
from livefair.wire.events import Event
from livefair.wire.facts import CandidateFact, FairFact, JobFact
from livefair.wire.feed import FeedRecord
from livefair.wire.fence import Fence
from livefair.wire.insight import Part, Progress, Summand
from livefair.wire.topics import (
    ACKS,
    CANDIDATE_KEYS,
    CANDIDATES,
    CONTROL,
    DEAD_LETTERS,
    DESK_DECISIONS,
    FAIR_DECISIONS,
    FAIRS,
    FEED,
    INSIGHT,
    INSIGHT_COUNTED,
    INSIGHT_SUMMED,
    JOBS,
    MATCHES,
    TOPICS,
    VIEWS,
    Topic,
)
from livefair.wire.views import Checkpoint, LastOffset

SERVER = "kafka"

TAGGED: Mapping[str, tuple[type[msgspec.Struct], ...]] = {
    FAIRS.name: get_args(FairFact),
    FAIR_DECISIONS.name: (*get_args(FairDecision), Fence),
    CANDIDATES.name: get_args(CandidateFact),
    DESK_DECISIONS.name: (*get_args(DeskDecision), Fence),
    JOBS.name: get_args(JobFact),
    MATCHES.name: (*get_args(MatchDecision), Fence),
    DEAD_LETTERS.name: (DeadLetter,),
}
"""The records of a topic that say by their `type` what they are."""

PLAIN: Mapping[str, tuple[str, tuple[type[msgspec.Struct], ...]]] = {
    FEED.name: ("publication", (FeedRecord,)),
    VIEWS.name: ("view.row", (Event, LastOffset, Checkpoint)),
    ACKS.name: ("channel.seen", (Seen,)),
    CONTROL.name: ("feed.epoch", (FeedEpoch,)),
    CANDIDATE_KEYS.name: ("candidate-key.made", (WrappedKey,)),
    INSIGHT.name: ("part", (Part,)),
    INSIGHT_COUNTED.name: ("row", (Part, Progress)),
    INSIGHT_SUMMED.name: ("row", (Summand,)),
}
"""The one `ce_type` of each other topic, and what its records hold."""

WITHOUT_HEADERS = frozenset({INSIGHT_COUNTED.name, INSIGHT_SUMMED.name})
"""Changelogs of insight's tables; nobody else reads them."""

DECISIONS = frozenset({FAIR_DECISIONS.name, DESK_DECISIONS.name, MATCHES.name})

_HEADERS: Mapping[str, str] = {
    "ce_specversion": "CloudEvents",
    "ce_id": "unique within the source; of a routed record its origin",
    "ce_source": "who wrote it: `/livefair/` and a door or the topic it was decided from",
    "ce_type": "the record's type",
    "content-type": "of the value",
    "ce_position": "where the decision stands: offset.nth.size.before-offset.before-nth.epoch.rules",
    "ce_origin": "the decision that a routed record comes from: TAGpartition-offset-nth-ordinal",
}
_ORIGIN = r"^[a-z]\d+-\d+-\d+-\d+$"
_POSITION = r"^\d+\.\d+\.\d+\.-?\d+\.\d+\.\d+\..+$"


def kinds() -> list[type[msgspec.Struct]]:
    """Every struct that a record's value may be."""
    tagged = [kind for each in TAGGED.values() for kind in each]
    return tagged + [kind for _, each in PLAIN.values() for kind in each]


def message_name(topic: str, kind: str) -> str:
    """The name in the document of one type of record of a topic."""
    return f"{topic}.{kind}"


def messages() -> dict[str, Any]:
    """Every type of record."""
    found: dict[str, Any] = {}
    for topic, tagged in TAGGED.items():
        for kind in tagged:
            tag = str(kind.__struct_config__.tag)
            found[message_name(topic, tag)] = _message(topic, tag, text(kind.__doc__), ref(kind), fence=kind is Fence)
    for topic, (kind_name, plain) in PLAIN.items():
        payload = ref(plain[0]) if len(plain) == 1 else {"anyOf": [ref(kind) for kind in plain]}
        found[message_name(topic, kind_name)] = _message(topic, kind_name, text(plain[0].__doc__), payload)
    return found


def _message(topic: str, kind: str, says: str, payload: Schema, *, fence: bool = False) -> dict[str, Any]:
    said = {"name": kind, "contentType": "application/json", **summary_of(says), "payload": payload}
    if topic not in WITHOUT_HEADERS:
        said["headers"] = _headers(kind, decision=topic in DECISIONS and not fence)
    return said


def _headers(kind: str, *, decision: bool) -> Schema:
    """The headers as `livefair.wire.envelope` makes them."""
    made = DecisionHeaders(MATCHES).of("id", Fence, "", None) if decision else fact_headers("id", kind)
    always = [name for name, _ in made]
    properties: dict[str, Schema] = {
        name: {"type": "string", "description": _HEADERS[name]} for name in [*always, "ce_origin"]
    }
    values = dict(made)
    properties["ce_specversion"]["const"] = values["ce_specversion"].decode()
    properties["content-type"]["const"] = values["content-type"].decode()
    properties["ce_type"]["const"] = kind
    properties["ce_source"]["pattern"] = "^/livefair/"
    properties["ce_origin"]["pattern"] = _ORIGIN
    if decision:
        properties["ce_position"]["pattern"] = _POSITION
    return {"type": "object", "properties": properties, "required": always}


def channels() -> dict[str, Any]:
    """Every topic."""
    return {channel_name(topic): _channel(topic) for topic in TOPICS}


def channel_name(topic: Topic) -> str:
    """A topic's name in the document: `job` is a channel, `topic.jobs` a topic."""
    return f"topic.{topic.name}"


def _types(topic: Topic) -> list[str]:
    if topic.name in PLAIN:
        return [PLAIN[topic.name][0]]
    return [str(kind.__struct_config__.tag) for kind in TAGGED.get(topic.name, ())]


def _channel(topic: Topic) -> dict[str, Any]:
    names = [message_name(topic.name, kind) for kind in _types(topic)]
    return {
        "address": topic.name,
        "title": topic.name,
        "description": f"{topic.holds[:1].upper()}{topic.holds[1:]}.",
        "servers": [{"$ref": f"#/servers/{SERVER}"}],
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "topicConfiguration": configuration(topic),
                "bindingVersion": "0.5.0",
            }
        },
        "x-key": topic.key,
        "x-config": dict(topic.config),
    }


def configuration(topic: Topic) -> dict[str, Any]:
    """What the binding has words for; all of it stands under `x-config`."""
    found: dict[str, Any] = {"cleanup.policy": topic.config["cleanup.policy"].split(",")}
    for name in ("retention.ms", "retention.bytes", "delete.retention.ms"):
        if name in topic.config:
            found[name] = int(topic.config[name])
    return found


def operations() -> dict[str, Any]:
    """Livefair alone writes its topics."""
    return {
        f"write.{topic.name}": {
            "action": "send",
            "channel": {"$ref": f"#/channels/{channel_name(topic)}"},
            "title": f"write to {topic.name}",
            "summary": f"{topic.holds[:1].upper()}{topic.holds[1:]}.",
        }
        for topic in TOPICS
    }
