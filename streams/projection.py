"""Which channels a decision speaks to, and what each of them is told: no more than the role may know.

Pure and stateless: a decision carries all it takes. The order of the routes of one decision never changes, since
their number is part of their origin.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from livefair.domain.applications import ApplicationState
from livefair.domain.fairs import Fair
from livefair.domain.ids import application_id
from livefair.domain.jobs import Job
from livefair.domain.rules import points_json, proofs_due, verdicts_json
from livefair.wire.channels import candidate_channel, fair_channel, host_channel, job_channel, side_channel
from livefair.wire.codec import encode
from livefair.wire.decisions import Counts, OfferRefused, Row
from livefair.wire.events import (
    EVENTS,
    ApplicationData,
    CountersData,
    Event,
    FairData,
    LineData,
    OfferData,
    PinData,
)
from livefair.wire.feed import Told
from livefair.wire.topics import FEED
from streams.fold import Route

FEED_KIND = "publication"
NO_POINTS = msgspec.Raw(b"[]")


class Speech:
    """What one decision says: events, each told to one or more channels, in order."""

    __slots__ = ("_at", "_ident", "_said", "routes")

    def __init__(self, ident: str, at: int) -> None:
        self._ident = ident
        self._at = at
        self._said = 0
        self.routes: list[Route] = []

    def say(self, kind: str, data: object, entity: str, *channels: str, since: int = 0) -> None:
        """One event to some channels. Of class `latest`, a newer one of the same entity makes an older one needless.

        `since` is as in FeedRecord.
        """
        if not channels:
            return
        class_ = EVENTS[kind].class_
        event = Event(f"{self._ident}-{self._said}", kind, self._at, data)
        self._said += 1
        value = encode(Told(class_, event, entity, since))
        replaces = f"{kind}/{entity}" if class_ == "latest" else ""
        for channel in channels:
            self.routes.append(Route(FEED, channel, FEED_KIND, value, replaces))


def own_channel(candidate: str, holder: str) -> str:
    """The feed key of the one who made the sign-up: the person's channel, or the side channel of a holder unproven."""
    return side_channel(candidate, holder) if holder else candidate_channel(candidate)


def tell_fair(speech: Speech, fair: Fair, pinned_anew: bool) -> None:
    """The fair as it stands, to everyone; a new pin as an event of its own."""
    data = FairData(fair.fair, fair.title, fair.host, fair.starts, fair.state, fair.pinned)
    channels = (fair_channel(fair.fair), host_channel(fair.fair))
    speech.say("fair.changed", data, "fair", *channels)
    if pinned_anew:
        speech.say("job.pinned", PinData(fair.fair, fair.pinned), "pin", *channels)


def tell_job(speech: Speech, job: Job, opened: bool) -> None:
    """A job as it stands, to everyone: nothing in it is personal."""
    channels = (fair_channel(job.fair), host_channel(job.fair), job_channel(job.job))
    speech.say("job.opened" if opened else "job.changed", job, f"job/{job.job}", *channels)


def tell_application(speech: Speech, row: Row, counts: Counts, *states: ApplicationState, reason: str = "") -> None:
    """An application, once for each state it went through, to host, employer and person; then the job's counters."""
    audience = _audience(row)
    own = own_channel(row.candidate, row.holder)
    fit = points_json(row.rules, "fit", row.fit_points) if row.ranked else NO_POINTS
    appeal = points_json(row.rules, "appeal", row.appeal_points) if row.ranked else NO_POINTS
    entity = f"application/{row.application}"
    for state in states:
        kind = f"application.{state}"
        # Who is open to any job may have asked long before a job suited: that is no measure of how fast we are.
        since = row.since if state == "submitted" and not row.open_to_any else 0
        if audience:
            speech.say(kind, _told(row, state, row.fit, fit, reason), entity, *audience, since=since)
        speech.say(kind, _told(row, state, row.appeal, appeal, reason), entity, own, since=since)
    tell_counts(speech, row.fair, row.job, counts)


def tell_counts(speech: Speech, fair: str, job: str, counts: Counts) -> None:
    """A job's seats and people, to everyone."""
    left = max(counts.seats - counts.held, 0)
    data = CountersData(fair, job, counts.seats, counts.held, left, counts.applications, counts.matched, counts.waiting)
    channels = (fair_channel(fair), host_channel(fair), job_channel(job))
    speech.say("job.counters", data, f"counters/{job}", *channels)


def tell_offer(
    speech: Speech,
    kind: Literal["offer.made", "offer.answered", "offer.expired"],
    row: Row,
    offer: str,
    *,
    expires: int = 0,
    accept: bool | None = None,
) -> None:
    """An offer made, answered or expired, to employer, host and person."""
    data = OfferData(offer, row.application, row.job, row.fair, row.candidate, expires, accept)
    speech.say(kind, data, f"offer/{offer}", *_audience(row), own_channel(row.candidate, row.holder))


def tell_refusal(speech: Speech, refused: OfferRefused) -> None:
    """An offer that cannot stand, to whoever asked for it; an answer that cannot, to the person and those they told."""
    data = OfferData(
        refused.offer,
        application_id(refused.candidate, refused.job),
        refused.job,
        refused.fair,
        refused.candidate,
        reason=refused.reason,
    )
    host = (host_channel(refused.fair),) if refused.to_host else ()
    # The employer named the person when asking, so it learns nothing of them by the refusal.
    employer = (job_channel(refused.job),) if refused.to_employer or not refused.answered else ()
    own = (own_channel(refused.candidate, refused.holder),) if refused.answered else ()
    speech.say("offer.refused", data, "", *host, *employer, *own)


def tell_line(speech: Speech, job: str, first: int, line: tuple[tuple[str, str], ...]) -> None:
    """Each waiting person's new place, to that person."""
    for place, (candidate, holder) in enumerate(line, first):
        data = LineData(application_id(candidate, job), job, place)
        speech.say("line.moved", data, f"line/{job}", own_channel(candidate, holder))


def _audience(row: Row) -> tuple[str, ...]:
    """The channels beside the person's own that the person has consented to."""
    host = (host_channel(row.fair),) if row.to_host else ()
    return (*host, job_channel(row.job)) if row.to_employer else host


def _told(row: Row, state: ApplicationState, score: int, explanation: msgspec.Raw, reason: str) -> ApplicationData:
    return ApplicationData(
        application=row.application,
        job=row.job,
        fair=row.fair,
        candidate=row.candidate,
        name=row.mask,
        state=state,
        score=score,
        filters=verdicts_json(row.rules, row.verdicts),
        explanation=explanation,
        ranked=row.ranked,
        place=row.place if state == "waitlisted" else None,
        provisional=row.provisional,
        proofs=proofs_due(row.rules, row.verdicts) if row.provisional else (),
        reason=reason,
        revision=row.revision,
    )
