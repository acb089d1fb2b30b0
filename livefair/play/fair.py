"""A whole generated fair: its jobs, its people, and what is to be expected of each.

The rule: everything follows from the seed and the day that are given; the same two give the same bytes.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from livefair.play import people as cast
from livefair.play.corridor import CHANNELS, ORIGINS, VIDEO_CHANNELS, batch_of
from livefair.play.jobs import completed, draw_job, draw_kind
from livefair.play.names import draw_name, synthetic_phone

FITTING, FAILING = 0.70, 0.22
"""Shares of people who fit a job and who miss it by one filter; the rest leave something unknown."""
EXPIRED = 0.3
"""Of those who leave something unknown, the share whose health certificate has run out where the job asks for one."""
OPEN_TO_ANY = 0.08
REFUSE_RANKING = 0.02
SHARED_PHONE = 0.01
FAIR_DAY = dt.date(2026, 11, 24)

Sort = Literal["fits", "fails", "unknown"]


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """What a person was made to be beside the job `job` (an index): `fails` that one filter, leaves `unknown` those.

    The filters are those of `livefair.domain.rules`.
    """

    sort: Sort
    job: int
    fails: str | None = None
    unknown: tuple[str, ...] = ()


class GeneratedFair(msgspec.Struct, frozen=True, kw_only=True):
    """Bodies ready to send: `fair`, `jobs` and `people` in the shapes of the HTTP door, as plain JSON values.

    `wanted` holds for each person the indexes of the jobs applied for (none: open to any); ids are known only once
    the jobs are opened, so `signup` puts them in. `keys` are the Idempotency-Keys, one a person.
    """

    seed: int
    today: dt.date
    fair: dict[str, Any]
    jobs: list[dict[str, Any]]
    people: list[dict[str, Any]]
    wanted: list[tuple[int, ...]]
    expected: list[Expected]
    keys: list[str]

    @classmethod
    def generate(cls, seed: int, people: int, jobs: int, *, today: dt.date = FAIR_DAY) -> GeneratedFair:
        """A fair of so many people and jobs. `today` is the day it takes place on; dates in it follow that day.

        ValueError for fewer than one job.
        """
        if jobs < 1:
            raise ValueError(f"a fair needs at least 1 job, not {jobs}")
        rng = random.Random(f"livefair/{seed}")  # noqa: S311 - a play, not a secret
        kinds = [draw_kind(rng, number) for number in range(jobs)]
        opened = [draw_job(rng, kind, f"e{1 + rng.randrange(max(1, jobs * 7 // 10))}", today) for kind in kinds]
        return cls._peopled(rng, seed, people, opened, today, 0)

    @classmethod
    def around(
        cls, seed: int, people: int, jobs: Sequence[Mapping[str, Any]], *, today: dt.date, first: int = 0
    ) -> GeneratedFair:
        """People for jobs that are there already, in the shape in which `GET /v1/fairs/{fair}` gives them.

        `first` numbers the first person: each number has a telephone of its own. ValueError for fewer than one job.
        """
        if not jobs:
            raise ValueError("a fair needs at least 1 job")
        rng = random.Random(f"livefair/{seed}/{first}")  # noqa: S311 - a play, not a secret
        return cls._peopled(rng, seed, people, [completed(job, today) for job in jobs], today, first)

    @classmethod
    def _peopled(
        cls, rng: random.Random, seed: int, people: int, jobs: list[dict[str, Any]], today: dt.date, first: int
    ) -> GeneratedFair:
        stage = _Stage(rng, seed, today, jobs)
        made = [stage.person(first + number, sort) for number, sort in enumerate(_sorts(rng, people))]
        return cls(
            seed=seed,
            today=today,
            fair={"title": "晋京家政直播招聘会", "starts": f"{today.isoformat()}T19:30:00+08:00", "host": "host-1"},
            jobs=jobs,
            people=[body for body, _, _ in made],
            wanted=[wanted for _, wanted, _ in made],
            expected=[expected for _, _, expected in made],
            keys=[f"{rng.getrandbits(128):032x}" for _ in range(people)],
        )

    def signup(self, person: int, job_ids: Sequence[str]) -> dict[str, Any]:
        """The sign-up body of a person, with the ids that the opened jobs got, in the order of `jobs`."""
        return {**self.people[person], "jobs": [job_ids[index] for index in self.wanted[person]]}


def _sorts(rng: random.Random, people: int) -> list[Sort]:
    """So many of each sort as the shares say, whatever the number, in an order of chance."""
    fitting, failing = round(people * FITTING), round(people * FAILING)
    sorts: list[Sort] = ["fits"] * fitting
    sorts += ["fails"] * min(failing, people - fitting)
    sorts += ["unknown"] * (people - len(sorts))
    rng.shuffle(sorts)
    return sorts


class _Stage:
    """Draws the people of one fair, one after the other."""

    def __init__(self, rng: random.Random, seed: int, today: dt.date, jobs: list[dict[str, Any]]) -> None:
        self._rng = rng
        self._seed = seed
        self._today = today
        self._jobs = jobs
        self._liked = [1 / (1 + place) ** 0.6 for place in range(len(jobs))]
        self._failures = 0
        self._last = ("", "")

    def person(self, number: int, sort: Sort) -> tuple[dict[str, Any], tuple[int, ...], Expected]:
        """The sign-up body, the indexes of the jobs wanted, and what is expected of it."""
        rng = self._rng
        batch = batch_of(number)
        region = cast.draw_region(rng) if batch is None else ORIGINS[batch % len(ORIGINS)][0]
        fails = self._next_failure() if sort == "fails" else None
        target = self._target(fails)
        job = self._jobs[target]
        profile = cast.draw_fitting(rng, region, job)
        if fails is not None:
            cast.FAILURES[fails](rng, profile, job)
        elif sort == "unknown" and job["health_certificate"] and rng.random() < EXPIRED:
            cast.expire(rng, profile, self._today)
        elif sort == "unknown":
            cast.silence(rng, profile, keep=rng.randrange(5))
        elif rng.random() < 0.15 and not job["health_certificate"]:
            profile.pop("health_certificate_until", None)
        wanted = self._wanted(target, sort)
        expected = Expected(sort=sort, job=target, fails=fails, unknown=cast.unknown_filters(profile, job))
        return self._body(number, profile, batch), wanted, expected

    def _next_failure(self) -> str:
        """Each filter in turn, skipping those that no job of this fair poses."""
        codes = list(cast.FAILURES)
        while True:
            code = codes[self._failures % len(codes)]
            self._failures += 1
            if any(self._poses(code, index) for index in range(len(self._jobs))):
                return code

    def _poses(self, code: str, index: int) -> bool:
        return cast.can_fail(code, self._jobs[index])

    def _target(self, fails: str | None) -> int:
        fitting = [i for i in range(len(self._jobs)) if fails is None or self._poses(fails, i)]
        return self._rng.choices(fitting, [self._liked[i] for i in fitting])[0]

    def _wanted(self, target: int, sort: Sort) -> tuple[int, ...]:
        rng = self._rng
        if sort == "fails":
            return (target,)
        if rng.random() < OPEN_TO_ANY:
            return ()
        others = [
            i for i in range(len(self._jobs)) if i != target and self._jobs[i]["mode"] == self._jobs[target]["mode"]
        ]
        more = rng.choices((0, 1, 2), (60, 30, 10))[0]
        return (target, *rng.sample(others, min(more, len(others))))

    def _body(self, number: int, profile: dict[str, Any], batch: int | None) -> dict[str, Any]:
        rng = self._rng
        name, phone = draw_name(rng), synthetic_phone(self._seed, number)
        if self._last[1] and rng.random() < SHARED_PHONE and name != self._last[0]:
            phone = self._last[1]
        self._last = (name, phone)
        consent = {"host": True, "employers": True, "ranking": rng.random() >= REFUSE_RANKING}
        consent["sensitive"] = "health_certificate_until" in profile
        return {
            "candidate": {"name": name, "phone": phone, **profile},
            "jobs": [],
            "consent": consent,
            "source": self._source(batch, profile["region"]),
        }

    def _source(self, batch: int | None, region: str) -> dict[str, str]:
        if batch is not None:
            return {"channel": "office", "id": f"{region}-{batch + 1}"}
        channel = self._rng.choices([code for code, _ in CHANNELS], [weight for _, weight in CHANNELS])[0]
        if channel in VIDEO_CHANNELS:
            return {"channel": channel, "id": f"v-{1 + min(int(self._rng.paretovariate(1.1)), 40)}"}
        return {"channel": channel, "id": f"p-{1 + self._rng.randrange(9)}"}
