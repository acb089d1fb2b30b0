"""Pages from values: what each template of web/ is given. No request and no I/O but the reading of one's own view.

A value goes in escaped; the ones that web/README.md marks as HTML are made of fragments here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any, NamedTuple

import orjson

from livefair import tables
from livefair.domain.access import Claims
from livefair.domain.fairs import Fair
from livefair.domain.jobs import Job
from livefair.wire.channels import candidate_channel
from services.intake import access
from services.intake.door import Door
from services.intake.forms import Posted, field_of
from services.intake.places import CHOICES, find
from services.intake.problems import Refused
from services.intake.site import Files, Values, Words
from services.intake.texts import Language

BEIJING = dt.timezone(dt.timedelta(hours=8))
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ORDER = ("live", "paused", "scheduled", "closed")
_OPTIONAL = (
    *("occupations", "skills", "level", "experience_years", "modes", "pay_amount", "pay_min"),
    *("provinces", "languages", "start", "health_certificate_until"),
)


class Setting(NamedTuple):
    """What every page is rendered in: the files, the language, the gateway's URL, the tables."""

    files: Files
    language: Language
    ws: str
    tables: tables.Tables

    @property
    def words(self) -> Words:
        """The words of the language."""
        return self.files.words[self.language]

    def values(self, **more: str) -> Values:
        """The values of all pages, and more, which are escaped here."""
        shown = {name: escape(value) for name, value in more.items()}
        return Values({**self.words.escaped, "lang": self.language, "ws": escape(self.ws), **shown})

    def fair_values(self, fair: Fair, **more: str) -> Values:
        """The values of a page with a fair."""
        return self.values(
            fair=fair.fair,
            fair_title=fair.title,
            fair_host=fair.host,
            fair_starts=fair.starts,
            fair_starts_text=self.time_text(dt.datetime.fromisoformat(fair.starts)),
            fair_state=fair.state,
            fair_state_text=self.words.text(f"fair_state_{fair.state}"),
            **more,
        )

    def time_text(self, at: dt.datetime) -> str:
        """A time as Beijing's clocks show it: 11月24日 19:00, 24 Nov, 19:00."""
        there = at.astimezone(BEIJING)
        if self.language == "zh-CN":
            return f"{there.month}月{there.day}日 {there:%H:%M}"
        return f"{there.day} {_MONTHS[there.month - 1]}, {there:%H:%M}"


@dataclass(frozen=True, slots=True)
class FormState:
    """What the form is shown with: what was posted, its key, and what is wrong."""

    posted: Posted
    key: str
    problem: Refused | None = None


@dataclass(frozen=True, slots=True)
class Mine:
    """A person's rows at one fair: applications in order, open offers by job, places in line; and their session."""

    applications: list[dict[str, Any]] = field(default_factory=list)
    offers: dict[str, dict[str, Any]] = field(default_factory=dict)
    places: dict[str, int] = field(default_factory=dict)
    session: str = ""


def start(setting: Setting, fairs: Iterable[Fair]) -> str:
    """The start page: live fairs first."""
    found = sorted(fairs, key=lambda fair: (_ORDER.index(fair.state), fair.starts))
    rows = "".join(setting.files.page("fragments/fair.html", setting.fair_values(fair)) for fair in found)
    values = setting.values(none_hidden="hidden" if found else "")
    values["fairs"] = rows
    return setting.files.page("index.html", values)


def console(setting: Setting, fair: Fair) -> str:
    """The host's console; what it shows comes over the websocket."""
    return setting.files.page("host.html", setting.fair_values(fair))


def missing(setting: Setting) -> str:
    """A fair that is not there."""
    return setting.files.page("missing.html", setting.values())


def candidate(setting: Setting, fair: Fair, jobs: list[Job], state: FormState) -> str:
    """A fair's page with its form, as it was posted where something is wrong."""
    errors, whole = _errors(setting, state.problem)
    posted = state.posted
    values = setting.fair_values(
        fair,
        idempotency_key=state.key,
        source_channel=posted.get("source_channel", ["direct"])[0],
        source_id=posted.get("source_id", [""])[0],
        problem=whole,
        form_hidden="" if fair.takes_sign_ups else "hidden",
        closed_hidden="hidden" if fair.takes_sign_ups else "",
        more_open="open" if any(name in posted or name in errors for name in _OPTIONAL) else "",
    )
    for name, said in posted.items():
        values[f"value_{name}"] = escape(said[0])
        for each in said[:100]:
            mark = f"{name}_{each.replace('-', '_')}"
            values[f"checked_{mark}"], values[f"selected_{mark}"] = "checked", "selected"
    values.update({f"error_{name}": escape(text) for name, text in errors.items()})
    chosen = frozenset(posted.get("jobs", ()))
    shown = sorted((job for job in jobs if not job.paused), key=lambda job: job.job != fair.pinned)
    values["jobs"] = "".join(_job(setting, job, fair, checked=job.job in chosen) for job in shown)
    values["region_choices"] = _choices(setting, posted) if "region" in errors else ""
    return setting.files.page("candidate.html", values)


def _errors(setting: Setting, problem: Refused | None) -> tuple[dict[str, str], str]:
    """The sentence beside each field, and the one about the whole."""
    if problem is None:
        return {}, ""
    found: dict[str, str] = {}
    for error in problem.errors:
        name = field_of(error)
        own = f"error_{name}"
        said = error.text(setting.language)
        usual = error.code in ("missing", "no-name", "no-phone", "needs-sensitive") and own in setting.words
        text = setting.words.text(own) if usual else said[:1].upper() + said[1:]
        found.setdefault(name, text)
    whole = found.pop("", "")
    if found:
        return found, setting.words.text("error_several", n=len(found))
    return found, setting.words.text("error_other", why=whole or problem.detail(setting.language))


def _choices(setting: Setting, posted: Posted) -> str:
    places = find(posted.get("region", [""])[0]).choices
    picked = posted.get("region_choice", [""])[0]
    return "".join(
        setting.files.page(
            "fragments/region-choice.html",
            setting.values(
                code=each.code,
                name=each.full_text(setting.language),
                checked="checked" if each.code == picked else "",
            ),
        )
        for each in places[:CHOICES]
    )


def _job(setting: Setting, job: Job, fair: Fair, *, checked: bool) -> str:
    words = setting.words
    region = setting.tables.region(job.region)
    amount = f"{job.pay.min:,}" + (f"–{job.pay.max:,}" if job.pay.max > job.pay.min else "")
    terms = [
        region.full_text(setting.language) if region is not None else "",
        words.code("mode", job.mode),
        words.text("job_rest", n=job.rest_days) if job.rest_days is not None else "",
        words.text("job_seats", n=job.seats),
        words.text("job_health") if job.health_certificate else "",
    ]
    return setting.files.page(
        "fragments/job.html",
        setting.values(
            job=job.job,
            job_title=job.title,
            job_pay=f"{amount} {words.code('pay_unit', job.pay.unit)}",
            job_terms=" · ".join(filter(None, terms)),
            checked="checked" if checked else "",
            pinned_hidden="" if job.job == fair.pinned else "hidden",
        ),
    )


async def mine(door: Door, claims: Claims, token: str, fair: str) -> Mine:
    """What a person's view holds of one fair. Raises Refused (not-whole), Unavailable."""
    view = await door.views.whole(await access.own_feed_key(door, claims))
    found = Mine()
    for name, raw in sorted(view.entities.items()):
        kind, _, identifier = name.partition("/")
        event = orjson.loads(raw)
        data = event["data"]
        if kind == "application" and data["fair"] == fair:
            found.applications.append(data)
        elif kind == "offer" and event["type"] == "offer.made":
            found.offers[data["job"]] = data
        elif kind == "line":
            found.places[identifier] = data["place"]
    session = {
        "candidate": claims.subject,
        "token": token,
        "channel": candidate_channel(claims.subject),
        "applications": [{"id": each["application"], "job": each["job"]} for each in found.applications],
    }
    return Mine(found.applications, found.offers, found.places, orjson.dumps(session).decode())


def me(
    setting: Setting,
    fair: Fair,
    jobs: Mapping[str, Job],
    found: Mine,
    problem: Refused | None,
    now: float,
    new_key: Callable[[], str],
) -> str:
    """A person's applications at a fair, and the offers to answer."""
    cards = "".join(_application(setting, fair, jobs, found, each, now, new_key) for each in found.applications)
    values = setting.fair_values(
        fair,
        session=found.session,
        problem="" if problem is None else problem.detail(setting.language),
        none_hidden="hidden" if cards else "",
    )
    values["applications"] = cards
    return setting.files.page("me.html", values)


def _application(
    setting: Setting,
    fair: Fair,
    jobs: Mapping[str, Job],
    found: Mine,
    data: Mapping[str, Any],
    now: float,
    new_key: Callable[[], str],
) -> str:
    words, state, job = setting.words, data["state"], data["job"]
    place = found.places.get(job, data.get("place")) if state == "waitlisted" else None
    detail = words.text("place_in_line", n=place) if place else words.text(f"state_{state}_detail")
    offer = found.offers.get(job) if state == "offered" else None
    values = setting.values(
        state=state,
        job_title=jobs[job].title if job in jobs else job,
        state_text=words.text(f"state_{state}"),
        detail=detail,
    )
    open_still = offer is not None and offer["expires"] / 1000 > now
    values["offer"] = _offer(setting, fair, offer, new_key()) if offer is not None and open_still else ""
    return setting.files.page("fragments/application.html", values)


def _offer(setting: Setting, fair: Fair, offer: Mapping[str, Any], key: str) -> str:
    expires = dt.datetime.fromtimestamp(offer["expires"] / 1000, BEIJING)
    return setting.files.page(
        "fragments/offer.html",
        setting.values(
            fair=fair.fair,
            offer=offer["offer"],
            idempotency_key=key,
            expires=expires.isoformat(timespec="seconds"),
            expires_text=setting.time_text(expires),
        ),
    )
