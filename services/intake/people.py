"""From a sign-up's body to what is kept of the person: facts for matching in clear, everything personal apart.

Everything that is wrong is said at once; nothing is guessed.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

from stdnum.cn import ric

from livefair.domain.pay import Pay
from livefair.domain.people import Consent, Profile, Source
from livefair.sealing import Contact
from services.intake.codes import Codes
from services.intake.models import CandidateIn, SignUp
from services.intake.phones import e164
from services.intake.problems import FieldError, invalid


class Said(NamedTuple):
    """A checked sign-up: what is sealed, and what is not."""

    contact: Contact
    profile: Profile
    consent: Consent
    source: Source


def read(body: SignUp, codes: Codes) -> Said:
    """The parts of a sign-up. Raises Refused (invalid-fields) with every field that is wrong."""
    candidate, consent = body.candidate, body.consent
    name, phone = clean_name(candidate.name), e164(candidate.phone)
    errors = list(_wrong(body, codes, name, phone))
    if errors or name is None or phone is None:
        raise invalid(*errors)
    floor = candidate.pay_min
    return Said(
        Contact(name, phone, ric.compact(candidate.id_number) if candidate.id_number else "", candidate.health or ""),
        Profile(
            region=candidate.region,
            occupations=candidate.occupations,
            skills=candidate.skills,
            level=candidate.level,
            experience_years=candidate.experience_years,
            pay_min=None if floor is None else Pay(floor.unit, floor.amount),
            provinces=candidate.provinces,
            modes=candidate.modes,
            languages=candidate.languages,
            start=candidate.start,
            health_certificate_until=candidate.health_certificate_until,
        ),
        Consent(consent.host, consent.employers, consent.ranking, consent.sensitive),
        Source(body.source.channel, body.source.id),
    )


def clean_name(text: str) -> str | None:
    """A name without outer spaces, composed (NFC); None where it has no letter, or something that cannot be seen."""
    name = text.strip()
    if not name.isascii():
        name = unicodedata.normalize("NFC", name)
    if not name.isprintable() or not any(map(str.isalpha, name)):
        return None
    return name


def wrong(body: SignUp, codes: Codes) -> list[FieldError]:
    """Everything that is wrong with a sign-up of the right form."""
    return list(_wrong(body, codes, clean_name(body.candidate.name), e164(body.candidate.phone)))


def _wrong(body: SignUp, codes: Codes, name: str | None, phone: str | None) -> Iterator[FieldError]:
    candidate = body.candidate
    if name is None:
        yield FieldError(("candidate", "name"), "no-name")
    if phone is None:
        yield FieldError(("candidate", "phone"), "no-phone")
    yield from codes.wrong_county(candidate.region, ("candidate", "region"))
    yield from codes.wrong("occupations", candidate.occupations, ("candidate", "occupations"))
    yield from codes.wrong("skills", candidate.skills, ("candidate", "skills"))
    yield from codes.wrong("languages", candidate.languages, ("candidate", "languages"))
    yield from codes.wrong("provinces", candidate.provinces, ("candidate", "provinces"))
    yield from codes.wrong_one("channels", body.source.channel, ("source", "channel"))
    if candidate.id_number and not ric.is_valid(candidate.id_number):
        yield FieldError(("candidate", "id_number"), "no-id-number")
    if _is_sensitive(candidate) and not body.consent.sensitive:
        yield FieldError(("consent", "sensitive"), "needs-sensitive")


def _is_sensitive(candidate: CandidateIn) -> bool:
    return bool(candidate.health_certificate_until or candidate.id_number or candidate.health)
