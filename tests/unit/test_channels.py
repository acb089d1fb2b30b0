"""Channel names: which there are, and what is none."""

from __future__ import annotations

import pytest

from livefair.wire import channels
from livefair.wire.channels import Channel, parse_channel


@pytest.mark.parametrize(
    ("name", "channel"),
    [
        ("fair:f1", Channel("fair", "f1")),
        ("fair:f1:host", Channel("host", "f1")),
        ("job:j1", Channel("job", "j1")),
        ("candidate:c9", Channel("candidate", "c9")),
        ("office:140221", Channel("office", "140221")),
        ("fair:host", Channel("fair", "host")),
        ("fair:" + "a" * 40, Channel("fair", "a" * 40)),
    ],
)
def test_a_channel(name: str, channel: Channel) -> None:
    assert parse_channel(name) == channel


@pytest.mark.parametrize(
    "name",
    [
        "",
        "fair",
        "fair:",
        "fair:f1:",
        "fair:f1:Host",
        "fair:f1:host:host",
        "host:f1",
        "job:j1:host",
        "job:J1",
        "job:j 1",
        "job:j1\n",
        " job:j1",
        "job:j1 ",
        "job:ｊ１",
        "job:" + "a" * 41,
        "room:r1",
        "candidate:c9~h1",
        "candidate:c9~",
        "feed:job:j1",
    ],
)
def test_no_channel(name: str) -> None:
    assert parse_channel(name) is None


def test_the_names_are_those_that_are_read() -> None:
    assert parse_channel(channels.fair_channel("f1")) == ("fair", "f1")
    assert parse_channel(channels.host_channel("f1")) == ("host", "f1")
    assert parse_channel(channels.job_channel("j1")) == ("job", "j1")
    assert parse_channel(channels.candidate_channel("c9")) == ("candidate", "c9")
    assert parse_channel(channels.office_channel("140221")) == ("office", "140221")


def test_a_side_channel_is_a_key_that_no_client_can_name() -> None:
    assert channels.side_channel("c9", "h1") == "candidate:c9~h1"
    assert parse_channel(channels.side_channel("c9", "h1")) is None
