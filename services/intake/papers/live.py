"""The page of the websocket and the topics, made of the AsyncAPI document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from livefair.asyncapi import live as said
from livefair.asyncapi import log
from services.intake.papers.parts import Fields, Page, folded, line, link, listed, paragraphs, sentence
from services.intake.site import Words

Document = Mapping[str, Any]

_PARTS = ("connect", "commands", "errors", "closing", "channels", "events", "topics")


def page(words: Words, document: Document) -> Page:
    """The connection first, then what is said over it, then what it is made of."""
    fields = Fields(words, document["components"]["schemas"])
    bodies = {
        "connect": _connect(document),
        "commands": _commands(words, fields, document),
        "errors": _errors(fields, document),
        "closing": _closing(words, document),
        "channels": _channels(document),
        "events": _events(words, fields, document),
        "topics": _topics(words, fields, document),
    }
    contents = listed(link(f"#{part}", escape(words.text(f"docs_{part}"))) for part in _PARTS)
    contents += f"<h2>{escape(words.text('docs_events'))}</h2>" + listed(
        link(f"#{name}", f"<code>{escape(name.removeprefix('event.'))}</code>") for name in _event_names(document)
    )
    body = "".join(
        f'<section id="{part}"><h2>{escape(words.text(f"docs_{part}"))}</h2>{bodies[part]}</section>' for part in _PARTS
    )
    return Page(words.text("docs_live"), words.text("docs_live_lead"), contents, body)


def _message(document: Document, name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = document["components"]["messages"][name]
    return found


def _about(thing: Mapping[str, Any]) -> str:
    return paragraphs(str(thing.get("description") or thing["summary"]))


def _names(items: Iterable[Mapping[str, str]]) -> list[str]:
    return [each["$ref"].rpartition("/")[2] for each in items]


def _connect(document: Document) -> str:
    socket, server = document["channels"][said.SOCKET], document["servers"][said.SERVER]
    where = f"{server['protocol']}://{server['variables']['host']['default']}{socket['address']}"
    return f"<p><code>{escape(where)}</code></p>{_about(socket)}"


def _commands(words: Words, fields: Fields, document: Document) -> str:
    found = []
    for name, asked in document["operations"].items():
        if "reply" not in asked:
            continue
        reply = _message(document, _names(asked["reply"]["messages"])[0])
        command = _message(document, _names(asked["messages"])[0])
        found.append(
            f'<article class="call" id="command.{name}"><h3><code>{name}</code></h3>{_about(asked)}'
            f'<p class="way">→</p>{_example(command)}{fields.shown(_body(command, name))}'
            f'<p class="way">←</p>{_example(reply)}{_about(reply)}'
            f"{folded(escape(words.text('docs_fields')), fields.shown(_body(reply, reply['name'])))}</article>"
        )
    return "".join(found)


def _example(message: Mapping[str, Any]) -> str:
    return line(message["examples"][0]["payload"])


def _body(message: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The schema of what a message holds under its name."""
    found: Mapping[str, Any] = message["payload"]["properties"][name]
    return found


def _errors(fields: Fields, document: Document) -> str:
    error = _message(document, "reply.error")
    return f"{_about(error)}{_example(error)}{fields.shown(_body(error, 'error'))}"


def _closing(words: Words, document: Document) -> str:
    rows = []
    for each in document["channels"][said.SOCKET]["x-close-codes"]:
        back = words.text("docs_come_back", n=f"{each['wait']:g}") if each["comeBack"] else words.text("docs_stay_away")
        rows.append(
            f"<div><dt><code>{each['code']}</code> {escape(each['name'])} <span>{escape(back)}</span></dt>"
            f"<dd>{sentence(each['says'])}</dd></div>"
        )
    return f'<dl class="fields">{"".join(rows)}</dl>'


def _channels(document: Document) -> str:
    found = []
    for kind in said.CHANNELS:
        channel = document["channels"][kind]
        carried = [
            link(f"#{name}", f"<code>{escape(name.removeprefix('event.'))}</code>") for name in channel["messages"]
        ]
        found.append(
            f'<article class="call" id="channel.{kind}"><h3><code>{escape(channel["address"])}</code></h3>'
            f"{_about(channel)}<p>{' '.join(carried)}</p></article>"
        )
    return "".join(found)


def _event_names(document: Document) -> list[str]:
    return [name for name in document["components"]["messages"] if name.startswith("event.")]


def _events(words: Words, fields: Fields, document: Document) -> str:
    found, classes = [], dict[str, str]()
    shown: dict[str, str] = {}  # many types have the same data: its fields are shown at the first of them
    for name in _event_names(document):
        event = _message(document, name)
        classes |= {each["name"]: each["description"] for each in event["tags"]}
        data = _data(event)
        first = shown.setdefault(data["$ref"], name)
        if first == name:
            told = _about(fields.resolved(data)) + fields.shown(data)
        else:
            told = f"<p>{escape(words.text('docs_data_as'))} {link(f'#{first}', _code(first))}</p>"
        addresses = [(kind, document["channels"][kind]["address"]) for kind in event["x-channels"]]
        channels = " ".join(link(f"#channel.{kind}", escape(address)) for kind, address in addresses)
        found.append(
            f'<article class="call" id="{name}"><h3>{_code(name)}</h3>'
            f'<p class="needs">{_class(event["x-class"])} {channels}</p>'
            f"{_about(event)}{told}{folded(escape(words.text('docs_example')), _example(event))}</article>"
        )
    return listed(f"{_class(name)} {sentence(says)}" for name, says in classes.items()) + "".join(found)


def _data(event: Mapping[str, Any]) -> Mapping[str, str]:
    """The reference to an event's data."""
    _, own = event["payload"]["properties"]["push"]["allOf"]
    found: Mapping[str, str] = own["properties"]["event"]["allOf"][1]["properties"]["data"]
    return found


def _class(name: str) -> str:
    return f'<span class="class" data-class="{name}">{name}</span>'


def _code(name: str) -> str:
    return f"<code>{escape(name.removeprefix('event.'))}</code>"


def _topics(words: Words, fields: Fields, document: Document) -> str:
    found = []
    for name, channel in document["channels"].items():
        if not name.startswith("topic."):
            continue
        kafka = channel["bindings"]["kafka"]
        settings = [f"{key}={value}" for key, value in channel["x-config"].items()]
        records = "".join(_record(fields, _message(document, each)) for each in channel["messages"])
        facts = words.text("docs_topic", what=channel["x-key"], n=kafka["partitions"])
        found.append(
            f'<article class="call" id="{name}"><h3><code>{escape(channel["address"])}</code></h3>{_about(channel)}'
            f'<p class="needs">{escape(facts)}</p><p class="needs"><code>{escape(" · ".join(settings))}</code></p>'
            f"{records}</article>"
        )
    headers = _message(document, log.message_name("matches", "application.entered"))["headers"]
    return f"<h3>{escape(words.text('docs_headers'))}</h3>{fields.shown(headers)}" + "".join(found)


def _record(fields: Fields, message: Mapping[str, Any]) -> str:
    payload = message["payload"]
    parts = payload.get("anyOf", [payload])
    named = f"<span>{_code(message['name'])} {sentence(message['summary'])}</span>"
    more = paragraphs(message.get("description", ""))
    return folded(named, more + "".join(map(fields.shown, parts)))
