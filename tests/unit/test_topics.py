"""The topics as design.md lists them: names, clock, retention, and a decision topic as wide as its input."""

from __future__ import annotations

import pytest

from livefair.wire import topics
from livefair.wire.topics import BY_NAME, BY_TAG, TOPICS, Topic


def test_they_are_those_of_the_design() -> None:
    assert set(BY_NAME) == {
        "fairs",
        "fair-decisions",
        "candidates",
        "desk-decisions",
        "jobs",
        "matches",
        "feed",
        "views",
        "acks",
        "control",
        "candidate-keys",
        "dead-letters",
        "insight",
        "insight-counted",
        "insight-summed",
    }
    assert len(BY_NAME) == len(BY_TAG) == len(TOPICS)


def test_a_tag_is_one_letter() -> None:
    """An origin is written as tag and partition without anything between them."""
    assert all(len(tag) == 1 and tag.isalpha() and tag.isascii() for tag in BY_TAG)


@pytest.mark.parametrize(
    ("facts", "decisions"),
    [
        (topics.FAIRS, topics.FAIR_DECISIONS),
        (topics.CANDIDATES, topics.DESK_DECISIONS),
        (topics.JOBS, topics.MATCHES),
    ],
    ids=lambda topic: topic.name,
)
def test_what_is_said_and_what_is_decided_lie_side_by_side_for_good(facts: Topic, decisions: Topic) -> None:
    assert facts.partitions == decisions.partitions
    assert facts.key == decisions.key
    for topic in (facts, decisions):
        assert topic.config["cleanup.policy"] == "delete"
        assert topic.config["retention.ms"] == topic.config["retention.bytes"] == "-1"


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_the_broker_s_clock_decides_everywhere(topic: Topic) -> None:
    assert topic.config["message.timestamp.type"] == "LogAppendTime"


def test_the_feed_lasts_thirty_days() -> None:
    assert topics.FEED.config["retention.ms"] == str(30 * 24 * 3600 * 1000)


@pytest.mark.parametrize(
    "topic",
    [
        topics.VIEWS,
        topics.ACKS,
        topics.CONTROL,
        topics.CANDIDATE_KEYS,
        topics.INSIGHT,
        topics.INSIGHT_COUNTED,
        topics.INSIGHT_SUMMED,
    ],
    ids=lambda topic: topic.name,
)
def test_what_is_a_latest_state_is_compacted_and_never_expires(topic: Topic) -> None:
    assert topic.config["cleanup.policy"] == "compact"
    assert "retention.ms" not in topic.config


def test_a_person_is_forgotten_within_thirty_seconds() -> None:
    config = topics.CANDIDATE_KEYS.config
    # A segment is rolled, and what lies in it must then be compacted.
    assert int(config["segment.ms"]) + int(config["max.compaction.lag.ms"]) <= 30_000
