"""The generated fair: deterministic, on the proportions that it promises, and made of codes that the tables know."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any

import msgspec
import orjson
import phonenumbers
import pytest

from livefair.domain.filters import verdicts
from livefair.domain.jobs import Job
from livefair.domain.people import Consent, Profile, Source
from livefair.domain.prepared import PreparedJob
from livefair.domain.rules import FILTERS
from livefair.play import Fair, GeneratedFair, is_synthetic_phone
from livefair.play.corridor import BATCH_EVERY, BATCH_SIZE
from livefair.play.fair import FAIR_DAY
from livefair.play.names import SURNAMES, synthetic_phone
from livefair.play.people import FAILURES
from livefair.tables import load

PERSON_FIELDS = {
    "name", "phone", "region", "occupations", "skills", "level", "experience_years", "pay_min", "provinces", "modes",
    "languages", "start", "health_certificate_until",
}  # fmt: skip
"""The fields of a candidate in a sign-up (contract.md)."""
JOB_FIELDS = {
    "title", "employer", "occupation", "skills", "min_level", "seats", "pay", "region", "mode", "hours_week", "lodging",
    "rest_days", "languages", "interview_ratio", "auto_match", "start_window", "employment_model", "insurance",
    "health_certificate",
}  # fmt: skip
"""The fields of a job (contract.md)."""


@pytest.fixture(scope="module")
def fair() -> GeneratedFair:
    return Fair.generate(2026, 2000, 60)


def judged(person: dict[str, Any], job: dict[str, Any]) -> dict[str, str]:
    """What the rules say of a person and a job, filter by filter."""
    stated = msgspec.convert({**job, "job": "j1", "fair": "f1"}, Job)
    letters = verdicts(msgspec.convert(person, Profile), PreparedJob(stated))
    return dict(zip(FILTERS, letters, strict=True))


def test_the_same_seed_gives_the_same_bytes() -> None:
    def whole(seed: int) -> bytes:
        return msgspec.json.encode(Fair.generate(seed, 300, 20))

    assert whole(7) == whole(7)
    assert whole(7) != whole(8)


def test_another_day_moves_the_dates_and_nothing_else() -> None:
    early, late = (Fair.generate(3, 50, 12, today=day) for day in (FAIR_DAY, FAIR_DAY + dt.timedelta(days=30)))
    for one, other in zip(early.people, late.people, strict=True):
        moved = dict(other["candidate"])
        for field in ("start", "health_certificate_until"):
            if field in moved:
                moved[field] = (dt.date.fromisoformat(moved[field]) - dt.timedelta(days=30)).isoformat()
        assert moved == one["candidate"]


def test_bodies_are_those_of_the_contract(fair: GeneratedFair) -> None:
    assert set(fair.fair) == {"title", "starts", "host"}
    for job in fair.jobs:
        assert set(job) <= JOB_FIELDS
        assert job["pay"]["min"] < job["pay"]["max"]
        assert ("hours_week" in job) == (job["mode"] == "hourly")
        msgspec.convert({**job, "job": "j1", "fair": "f1"}, Job)
    for body in fair.people:
        assert set(body) == {"candidate", "jobs", "consent", "source"}
        assert set(body["candidate"]) <= PERSON_FIELDS
        assert body["consent"]["sensitive"] == ("health_certificate_until" in body["candidate"])
        msgspec.convert(body["candidate"], Profile)
        msgspec.convert(body["consent"], Consent)
        msgspec.convert(body["source"], Source)
        assert orjson.loads(orjson.dumps(body)) == body


def test_every_code_is_one_of_the_tables(fair: GeneratedFair) -> None:
    tables = load()
    for job in fair.jobs:
        assert tables.regions.is_finest(job["region"])
        assert job["occupation"] in tables.occupations
        assert set(job["skills"]) <= set(tables.skills)
        assert set(job["languages"]) <= set(tables.languages)
        assert job["mode"] in tables.modes
        assert job["lodging"] in tables.lodging
        assert job["employment_model"] in tables.employment_models
        assert job["insurance"] in tables.insurances
        assert job["pay"]["unit"] in tables.pay_units
        assert job.get("min_level", 5) in tables.occupations[job["occupation"]].levels
    for body in fair.people:
        person = body["candidate"]
        assert tables.regions.is_finest(person["region"])
        assert set(person.get("occupations", ())) <= set(tables.occupations)
        assert set(person.get("skills", ())) <= set(tables.skills)
        assert set(person.get("languages", ())) <= set(tables.languages)
        assert set(person.get("modes", ())) <= set(tables.modes)
        assert all(tables.regions.province(digits) for digits in person.get("provinces", ()))
        assert person.get("level", 5) in tables.levels
        assert body["source"]["channel"] in tables.channels


def test_the_proportions_are_kept(fair: GeneratedFair) -> None:
    people = len(fair.people)
    sorts = Counter(expected.sort for expected in fair.expected)
    assert sorts == {"fits": round(0.70 * people), "fails": round(0.22 * people), "unknown": round(0.08 * people)}
    fails = Counter(expected.fails for expected in fair.expected if expected.fails)
    assert set(fails) == set(FAILURES) == set(FILTERS) - {"health_certificate"}
    unknown = Counter(code for expected in fair.expected for code in expected.unknown)
    assert set(unknown) == set(FILTERS)
    only_expired = [expected for expected in fair.expected if expected.unknown == ("health_certificate",)]
    assert len(only_expired) > 0.005 * people
    assert max(fails.values()) - min(fails.values()) <= 1
    channels = Counter(body["source"]["channel"] for body in fair.people)
    assert channels.most_common(1)[0][0] == "kuaishou"
    assert channels["office"] == people // BATCH_EVERY * BATCH_SIZE
    shanxi = sum(body["candidate"]["region"].startswith("14") for body in fair.people)
    assert 0.85 < shanxi / people < 0.99
    beijing = sum(job["region"].startswith("11") for job in fair.jobs)
    assert beijing / len(fair.jobs) > 0.8
    one_seat = sum(job["seats"] == 1 for job in fair.jobs)
    assert one_seat / len(fair.jobs) > 0.6
    open_to_any = sum(not wanted for wanted in fair.wanted)
    assert 0.03 < open_to_any / people < 0.12
    common = sum(body["candidate"]["name"].startswith(("王", "李", "张", "刘", "陈")) for body in fair.people)
    share = sum(weight for _, weight in SURNAMES[:5]) / sum(weight for _, weight in SURNAMES)
    assert abs(common / people - share) < 0.05


def test_each_is_what_is_expected_of_them(fair: GeneratedFair) -> None:
    for body, wanted, expected in zip(fair.people, fair.wanted, fair.expected, strict=True):
        found = judged(body["candidate"], fair.jobs[expected.job])
        assert [code for code, letter in found.items() if letter == "F"] == [expected.fails] * bool(expected.fails)
        assert {code for code, letter in found.items() if letter == "U"} == set(expected.unknown)
        if expected.sort == "fails":
            assert wanted == (expected.job,)
        assert bool(expected.unknown) == (expected.sort == "unknown")
        assert not wanted or wanted[0] == expected.job
        assert len(set(wanted)) == len(wanted)


def test_telephones_are_valid_and_known_as_synthetic(fair: GeneratedFair) -> None:
    shared = Counter(body["candidate"]["phone"] for body in fair.people)
    for phone in shared:
        assert is_synthetic_phone(phone)
        number = phonenumbers.parse(phone)
        assert phonenumbers.is_valid_number(number)
        assert phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.MOBILE
        assert phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) == phone
    assert 0 < sum(count - 1 for count in shared.values()) < 0.03 * len(fair.people), "families share some"
    persons = Counter((body["candidate"]["phone"], body["candidate"]["name"]) for body in fair.people)
    assert max(persons.values()) == 1, "yet everyone is another person"
    assert len(set(fair.keys)) == len(fair.people)


@pytest.mark.parametrize(
    "phone", ["+8613800138000", "+861740600000", "+8617406000000", "8617400000000", "+86174O0000000", ""]
)
def test_other_telephones_are_not_synthetic(phone: str) -> None:
    assert not is_synthetic_phone(phone)


def test_telephones_of_a_seed_differ() -> None:
    assert len({synthetic_phone(5, number) for number in range(20_000)}) == 20_000


def test_a_signup_carries_the_ids_of_the_jobs_opened(fair: GeneratedFair) -> None:
    ids = [f"j{index}" for index in range(len(fair.jobs))]
    several = next(person for person, wanted in enumerate(fair.wanted) if len(wanted) > 1)
    assert fair.signup(several, ids)["jobs"] == [f"j{index}" for index in fair.wanted[several]]
    assert fair.people[several]["jobs"] == [], "the generated body itself stays as it was"


@pytest.mark.parametrize(("people", "jobs"), [(0, 1), (1, 1), (3, 1), (40, 1), (40, 2)])
def test_a_small_fair_is_whole_too(people: int, jobs: int) -> None:
    fair = Fair.generate(1, people, jobs)
    assert (len(fair.people), len(fair.jobs)) == (people, jobs)
    if people >= 40:
        assert {expected.fails for expected in fair.expected if expected.fails} == set(FAILURES)


def test_a_fair_without_jobs_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1 job, not 0"):
        Fair.generate(1, 10, 0)


def test_people_are_made_for_jobs_that_are_there_already() -> None:
    bare = {
        "job": "j7", "fair": "f1", "title": "-", "employer": "e1", "occupation": "4-10-01-06", "region": "310101",
        "pay": {"unit": "day", "min": 4, "max": 9}, "mode": "day", "seats": 1, "skills": ["cooking"], "min_level": 1,
        "languages": ["yue"], "start_window": None, "health_certificate": False, "paused": False,
    }  # fmt: skip
    today = FAIR_DAY
    fair = Fair.around(5, 120, [bare], today=today)
    assert len(fair.people) == len(set(fair.keys)) == 120
    for body, expected in zip(fair.people, fair.expected, strict=True):
        msgspec.convert(body["candidate"], Profile)
        assert body["candidate"].get("pay_min", {"amount": 1})["amount"] >= 1
        found = judged(body["candidate"], fair.jobs[0])
        assert [code for code, letter in found.items() if letter == "F"] == [expected.fails] * bool(expected.fails)
    later = Fair.around(5, 120, [bare], today=today, first=120)
    phones = [body["candidate"]["phone"] for each in (fair, later) for body in each.people]
    assert len(set(phones)) > 230, "but for families that share one, everybody has a number of their own"
    assert not {*fair.keys} & {*later.keys}
    with pytest.raises(ValueError, match="at least 1 job"):
        Fair.around(5, 1, [], today=today)
