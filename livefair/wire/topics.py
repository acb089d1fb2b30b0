"""Every topic of the fair, declared once: name, key, partitions, retention, clock.

Services and streams meet nowhere else, so a name that is not here does not exist. A decision topic
always has as many partitions as its input, because partition p is folded into partition p.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

PARTITIONS = 8
"""Partitions of everything that is keyed by a fair, a person, a job or a channel."""

DAY_MS = 24 * 3600 * 1000
FEED_RETENTION_MS = 30 * DAY_MS

MAX_RECORD_BYTES = 1_000_000
"""Largest record or batch that a producer of ours sends: Kafka's default limit, less its framing."""


@dataclass(frozen=True, slots=True, eq=False)
class Topic:
    """One topic. `tag` is the letter that stands for it in ids; `config` is Kafka's own."""

    name: str
    tag: str
    key: str
    holds: str
    partitions: int = PARTITIONS
    config: Mapping[str, str] = field(default_factory=dict)


# The broker's clock is the only one that decides, so every record carries the time of its append.
_BROKER_CLOCK = {"message.timestamp.type": "LogAppendTime"}
_FOREVER = _BROKER_CLOCK | {"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"}
_COMPACTED = _BROKER_CLOCK | {"cleanup.policy": "compact"}
# A person who asks to be forgotten is forgotten soon: the key's tombstone must win within 30 s.
_COMPACTED_SOON = _COMPACTED | {
    "segment.ms": "10000",
    "max.compaction.lag.ms": "20000",
    "min.cleanable.dirty.ratio": "0.01",
    "delete.retention.ms": str(DAY_MS),
}

FAIRS = Topic("fairs", "f", "fair_id", "what hosts and employers say of fairs and jobs", config=_FOREVER)
FAIR_DECISIONS = Topic("fair-decisions", "g", "fair_id", "what the fair desk decided", config=_FOREVER)
CANDIDATES = Topic("candidates", "c", "candidate_id", "what people say of themselves", config=_FOREVER)
DESK_DECISIONS = Topic("desk-decisions", "d", "candidate_id", "what the candidate desk decided", config=_FOREVER)
JOBS = Topic("jobs", "j", "job_id", "everything one job's seat ledger must see, in one order", config=_FOREVER)
MATCHES = Topic("matches", "m", "job_id", "what the seat ledger decided", config=_FOREVER)
FEED = Topic(
    "feed",
    "e",
    "channel",
    "what a gateway pushes, projected for one role",
    config=_BROKER_CLOCK | {"cleanup.policy": "delete", "retention.ms": str(FEED_RETENTION_MS)},
)
VIEWS = Topic("views", "v", "channel", "the snapshot of each channel with its feed offset", config=_COMPACTED)
ACKS = Topic("acks", "k", "candidate_id", "what each person has seen", config=_COMPACTED)
CONTROL = Topic(
    "control", "o", "name", "epoch of the feed, revoked tokens, rule switches", partitions=1, config=_COMPACTED
)
CANDIDATE_KEYS = Topic(
    "candidate-keys",
    "y",
    "candidate_id/key_id",
    "sealed data keys; a tombstone forgets a person",
    config=_COMPACTED_SOON,
)
DEAD_LETTERS = Topic(
    "dead-letters", "x", "original", "a record no stage could read, with reason and origin", config=_FOREVER
)
INSIGHT = Topic(
    "insight",
    "i",
    "fair_id/log and partition",
    "what of a fair insight has counted in one partition of a decision log, whole",
    config=_COMPACTED,
)
# The changelogs of insight's two tables, made and verified like everything else, instead of by the library.
INSIGHT_COUNTED = Topic(
    "insight-counted",
    "n",
    "log and partition/fair_id",
    "insight's table of what it has counted and how far",
    config=_COMPACTED,
)
INSIGHT_SUMMED = Topic(
    "insight-summed",
    "s",
    "fair_id/log and partition",
    "insight's table of what the fairs' sums are made of",
    config=_COMPACTED,
)

TOPICS: tuple[Topic, ...] = (
    FAIRS,
    FAIR_DECISIONS,
    CANDIDATES,
    DESK_DECISIONS,
    JOBS,
    MATCHES,
    FEED,
    VIEWS,
    ACKS,
    CONTROL,
    CANDIDATE_KEYS,
    DEAD_LETTERS,
    INSIGHT,
    INSIGHT_COUNTED,
    INSIGHT_SUMMED,
)

BY_NAME: Mapping[str, Topic] = {topic.name: topic for topic in TOPICS}
BY_TAG: Mapping[str, Topic] = {topic.tag: topic for topic in TOPICS}
