"""Filters and scores against the plain version of each rule, and the promises that matching.md makes of them."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

import hypothesis.strategies as st
from hypothesis import assume, given
from msgspec.structs import replace

from livefair.domain.filters import verdicts
from livefair.domain.jobs import Job
from livefair.domain.pay import Pay, monthly_fen
from livefair.domain.people import Profile
from livefair.domain.prepared import PreparedJob
from livefair.domain.rules import APPEAL_TERMS, FILTERS, FIT_TERMS
from livefair.domain.scores import appeal, fit
from tests.support.matching import DATES, LANGUAGES, PAYS, PROVINCES, SKILLS, TODAYS, jobs, profiles

# ------------------------------------------------------------- the rules once more, as plainly as they can be written


def _monthly(amount: int, unit: str, hours_week: int | None) -> Fraction:
    """Yuan per month, exactly."""
    days = {"month": 1, "26-days": 1, "day": 26}
    return Fraction(amount * (hours_week or 40) * 52, 12) if unit == "hour" else Fraction(amount * days[unit])


def _asked(known: object, passes: bool) -> str:
    """The verdict of a filter that the job asks for."""
    return "U" if known in (None, ()) else "P" if passes else "F"


def _health(profile: Profile, job: Job, today: int | None) -> str:
    if not job.health_certificate:
        return "P"
    if profile.health_certificate_until is None or (profile.start is None and job.start_window is None):
        return "U"
    bounds = (profile.start, job.start_window[0] if job.start_window else None)
    begins = max([day.toordinal() for day in bounds if day] + [today or 0])
    if profile.health_certificate_until.toordinal() >= begins:
        return "P"
    if today is None:
        return "U"
    if profile.start is None:
        assert job.start_window is not None
        begins = job.start_window[1].toordinal()
    return "U" if begins - today >= 2 else "F"


def plain_verdicts(profile: Profile, job: Job, today: int | None) -> str:
    pay_min, window = profile.pay_min, job.start_window
    floor = _monthly(pay_min.amount, pay_min.unit, job.hours_week) if pay_min else Fraction(0)
    highest = _monthly(job.pay.max, job.pay.unit, job.hours_week)
    found = {
        "occupation": _asked(profile.occupations, job.occupation in profile.occupations),
        "level": _asked(profile.level, (profile.level or 0) <= job.min_level) if job.min_level else "P",
        "health_certificate": _health(profile, job, today),
        "pay": _asked(pay_min, highest >= floor),
        "province": _asked(profile.provinces, job.region[:2] in profile.provinces),
        "mode": _asked(profile.modes, job.mode in profile.modes),
        "language": _asked(profile.languages, set(job.languages) <= set(profile.languages)) if job.languages else "P",
        "start": _asked(profile.start, (profile.start or window[0]) <= window[1]) if window else "P",
    }
    return "".join(found[code] for code in FILTERS)


def _part(weight: int, have: int, full: int) -> int:
    return int(Fraction(weight) * have / full)


def plain_fit(profile: Profile, job: Job) -> dict[str, int]:
    years = Fraction(min(profile.experience_years or 0, 5), 5)
    if job.occupation not in profile.occupations:
        related = [code for code in profile.occupations if "-" in code and code[:-2] == job.occupation[:-2]]
        years = years / 2 if related else Fraction(0)
    skills, languages = set(job.skills), set(job.languages)
    points = {
        "skills": _part(3500, len(skills & set(profile.skills)), len(skills)) if skills else 3500,
        "experience": int(2500 * years),
        "start": 1500,
        "schedule": 1000 if job.mode in profile.modes else 0,
        "verified": 0 if job.min_level or job.health_certificate else 1000,
        "language": _part(500, len(languages & set(profile.languages)), len(languages)) if languages else 500,
    }
    if job.start_window:
        gap = (profile.start - job.start_window[0]).days if profile.start else 1000
        points["start"] = 1500 - 50 * min(max(gap, 0), 30)
    return points


def plain_appeal(profile: Profile, job: Job) -> dict[str, int]:
    low, high = (_monthly(amount, job.pay.unit, job.hours_week) for amount in (job.pay.min, job.pay.max))
    above = Fraction(0)
    if profile.pay_min:
        floor = _monthly(profile.pay_min.amount, profile.pay_min.unit, job.hours_week)
        above = (
            Fraction(1) if floor <= low else max((high - floor) / (high - low), Fraction(0)) if high > low else above
        )
    rest = [Fraction(min(job.rest_days, 8), 8)] if job.rest_days is not None else []
    if job.hours_week is not None:
        rest.append(min(max(Fraction(60 - job.hours_week, 20), Fraction(0)), Fraction(1)))
    points = {
        "pay": int(3500 * above),
        "place": 0,
        "rest": sum(int(1500 * share / len(rest)) for share in rest),
        "start": 1000,
        "lodging": {"live-in": 1000, "couple": 1000, "dormitory": 500, "none": 0}[job.lodging],
        "contract": {"employee": 250, "agency": 100, "direct": 100, None: 0}[job.employment_model]
        + {"social": 250, "injury": 150, "accident": 100, "none": 0, None: 0}[job.insurance],
    }
    if job.region[:2] in profile.provinces:
        points["place"] = max(2500 - 500 * profile.provinces.index(job.region[:2]), 500)
    if job.start_window:
        first, last = job.start_window
        gap = max((first - profile.start).days, (profile.start - last).days, 0) if profile.start else 30
        points["start"] = _part(1000, 30 - min(gap, 30), 30)
    return points


@given(profiles(), jobs(), TODAYS)
def test_one_pass_over_a_prepared_job_is_the_plain_rules(profile: Profile, job: Job, today: int | None) -> None:
    prepared = PreparedJob(job)
    assert verdicts(profile, prepared, today) == plain_verdicts(profile, job, today)
    assert fit(profile, prepared) == tuple(plain_fit(profile, job)[term.code] for term in FIT_TERMS)
    assert appeal(profile, prepared) == tuple(plain_appeal(profile, job)[term.code] for term in APPEAL_TERMS)


# ------------------------------------------------------------------------------------------ what matching.md promises


@given(profiles(), jobs())
def test_points_stay_within_their_weights(profile: Profile, job: Job) -> None:
    prepared = PreparedJob(job)
    for terms, points in ((FIT_TERMS, fit(profile, prepared)), (APPEAL_TERMS, appeal(profile, prepared))):
        assert all(type(value) is int and 0 <= value <= term.weight for term, value in zip(terms, points, strict=True))
        assert sum(points) <= 10_000


@given(
    profiles(),
    jobs(),
    st.none() | PAYS,
    st.sampled_from(PROVINCES),
    st.lists(st.sampled_from(PROVINCES), max_size=4).map(tuple),
    st.none() | DATES,
)
def test_fit_reads_no_home_no_floor_no_place_and_no_health_fact(
    profile: Profile,
    job: Job,
    floor: Pay | None,
    home: str,
    provinces: tuple[str, ...],
    until: dt.date | None,
) -> None:
    prepared = PreparedJob(job)
    other = replace(profile, pay_min=floor, region=home + "0221", provinces=provinces, health_certificate_until=until)
    assert fit(other, prepared) == fit(profile, prepared)


@given(profiles(), jobs(), st.sampled_from(PROVINCES), TODAYS)
def test_home_moves_no_filter_and_no_score(profile: Profile, job: Job, home: str, today: int | None) -> None:
    prepared = PreparedJob(job)
    other = replace(profile, region=home + "0221")
    assert verdicts(other, prepared, today) == verdicts(profile, prepared, today)
    assert fit(other, prepared) == fit(profile, prepared)
    assert appeal(other, prepared) == appeal(profile, prepared)


@given(profiles(), jobs(), st.sampled_from(LANGUAGES))
def test_a_dialect_that_is_not_required_moves_nothing(profile: Profile, job: Job, language: str) -> None:
    assume(language not in job.languages)
    prepared = PreparedJob(job)
    others = tuple(spoken for spoken in profile.languages if spoken != language)
    without, with_it = (replace(profile, languages=spoken) for spoken in (others, (*others, language)))
    assert fit(without, prepared) == fit(with_it, prepared)
    assert appeal(without, prepared) == appeal(with_it, prepared)
    # Its letter may turn from unknown to fail (now something was said), but pass neither comes nor goes.
    assert [letter == "P" for letter in verdicts(without, prepared)] == [
        letter == "P" for letter in verdicts(with_it, prepared)
    ]


@given(profiles(), jobs(), TODAYS)
def test_what_is_not_known_never_fails(profile: Profile, job: Job, today: int | None) -> None:
    fields = {
        "occupation": "occupations",
        "level": "level",
        "health_certificate": "health_certificate_until",
        "pay": "pay_min",
        "province": "provinces",
        "mode": "modes",
        "language": "languages",
        "start": "start",
    }
    letters = verdicts(profile, PreparedJob(job), today)
    for code, letter in zip(FILTERS, letters, strict=True):
        if not getattr(profile, fields[code]) and letter != "P":
            assert letter == "U"
    assert "F" not in verdicts(Profile(region=profile.region), PreparedJob(job), today)


@given(profiles(), jobs(), st.sampled_from(SKILLS))
def test_one_more_skill_never_lowers_fit(profile: Profile, job: Job, skill: str) -> None:
    prepared = PreparedJob(job)
    before, after = sum(fit(profile, prepared)), sum(fit(replace(profile, skills=(*profile.skills, skill)), prepared))
    assert after >= before
    if skill in job.skills and skill not in profile.skills:
        assert after > before


@given(profiles(), jobs(), st.integers(0, 30))
def test_one_more_year_never_lowers_fit(profile: Profile, job: Job, years: int) -> None:
    prepared = PreparedJob(job)
    fewer, more = (replace(profile, experience_years=count) for count in (years, years + 1))
    assert sum(fit(more, prepared)) >= sum(fit(fewer, prepared))


@given(profiles(), jobs(), PAYS)
def test_a_lower_floor_never_fails_more_nor_appeals_less(profile: Profile, job: Job, floor: Pay) -> None:
    prepared = PreparedJob(job)
    lower = replace(profile, pay_min=Pay(floor.unit, floor.amount - 1))
    higher = replace(profile, pay_min=floor)
    pay = FILTERS.index("pay")
    assert not (verdicts(higher, prepared)[pay] == "P" and verdicts(lower, prepared)[pay] == "F")
    assert sum(appeal(lower, prepared)) >= sum(appeal(higher, prepared))


@given(profiles(), jobs(), DATES, st.integers(0, 40))
def test_starting_later_never_raises_fit(profile: Profile, job: Job, start: dt.date, days: int) -> None:
    prepared = PreparedJob(job)
    early, late = (replace(profile, start=day) for day in (start, start + dt.timedelta(days=days)))
    assert sum(fit(late, prepared)) <= sum(fit(early, prepared))


@given(profiles(), jobs(), TODAYS)
def test_a_better_level_never_fails_where_a_lesser_one_passes(profile: Profile, job: Job, today: int | None) -> None:
    prepared = PreparedJob(job)
    level = FILTERS.index("level")
    letters = [verdicts(replace(profile, level=number), prepared, today)[level] for number in (5, 4, 3, 2, 1)]
    assert letters == sorted(letters), "F… then P…, from the lowest level to the highest"


@given(profiles(), jobs(), TODAYS, st.randoms(use_true_random=False))
def test_order_and_repeats_mean_nothing_where_they_are_not_said_to(
    profile: Profile, job: Job, today: int | None, random: object
) -> None:
    def mixed(values: tuple[str, ...]) -> tuple[str, ...]:
        shuffled = list(values + values[:1])
        random.shuffle(shuffled)  # type: ignore[attr-defined]  # Hypothesis gives a random.Random
        return tuple(shuffled)

    same_person = replace(
        profile,
        occupations=mixed(profile.occupations),
        skills=mixed(profile.skills),
        modes=mixed(profile.modes),
        languages=mixed(profile.languages),
    )
    same_job = replace(job, skills=mixed(job.skills), languages=mixed(job.languages))
    one, other = PreparedJob(job), PreparedJob(same_job)
    assert verdicts(same_person, other, today) == verdicts(profile, one, today)
    assert fit(same_person, other) == fit(profile, one)
    assert appeal(same_person, other) == appeal(profile, one)


@given(st.integers(1, 100_000), st.sampled_from(("month", "26-days", "day", "hour")), st.none() | st.integers(1, 84))
def test_fen_per_month_are_the_exact_sum_rounded_down(amount: int, unit: str, hours: int | None) -> None:
    exact = _monthly(amount, unit, hours) * 100
    assert monthly_fen(amount, unit, hours) <= exact < monthly_fen(amount, unit, hours) + 1  # type: ignore[arg-type]
