"""Who may do what: ownership by role, scopes that hand out more, `only:` scopes that hand out less."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livefair.domain.access import Claims, Role

HOST = Claims("host", "h1")
EMPLOYER = Claims("employer", "e1")
CANDIDATE = Claims("candidate", "c1")
OFFICE = Claims("office", "140221")
OPERATOR = Claims("operator", "ops")


def rights(claims: Claims) -> dict[str, bool]:
    """Every question about two fairs, jobs, people and regions; of each two the first is whom the subjects own."""
    return {
        "fair f1 of h1": claims.runs_fair("f1", "h1"),
        "fair f2 of h2": claims.runs_fair("f2", "h2"),
        "job j1 of e1 in f1": claims.hires_for("j1", "e1", "f1"),
        "job j2 of e2 in f2": claims.hires_for("j2", "e2", "f2"),
        "candidate c1": claims.is_candidate("c1"),
        "candidate c2": claims.is_candidate("c2"),
        "region 140221": claims.acts_for_region("140221"),
        "region 110105": claims.acts_for_region("110105"),
    }


def granted(claims: Claims) -> set[str]:
    return {right for right, has in rights(claims).items() if has}


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        (HOST, {"fair f1 of h1"}),
        (EMPLOYER, {"job j1 of e1 in f1"}),
        (CANDIDATE, {"candidate c1"}),
        (OFFICE, {"region 140221"}),
        (OPERATOR, set()),
        # The role decides, not the spelling of the subject.
        (Claims("candidate", "h1"), set()),
        (Claims("host", "e1"), set()),
        (Claims("employer", "c1"), set()),
        (Claims("host", "140221"), set()),
        (Claims("office", "1402"), set()),
        # A scope hands out what is another's.
        (Claims("host", "h1", ("fair:f2",)), {"fair f1 of h1", "fair f2 of h2"}),
        (Claims("host", "h9", ("job:j1",)), {"job j1 of e1 in f1"}),
        (Claims("employer", "e1", ("job:j2",)), {"job j1 of e1 in f1", "job j2 of e2 in f2"}),
        (Claims("office", "140221", ("office:110105",)), {"region 140221", "region 110105"}),
        # Nobody is handed another person.
        (Claims("candidate", "c1", ("candidate:c2",)), {"candidate c1"}),
        # `only:` takes away whatever it does not name.
        (Claims("host", "h1", ("only:fair:f1",)), {"fair f1 of h1"}),
        (Claims("host", "h1", ("only:fair:f2",)), set()),
        # What belongs to no job is out of reach for who is kept to one.
        (Claims("host", "h1", ("only:job:j1",)), set()),
        (Claims("host", "h1", ("only:job:j1", "job:j1")), {"job j1 of e1 in f1"}),
        (Claims("host", "h1", ("only:fair:f1", "only:fair:f2", "fair:f2")), {"fair f1 of h1", "fair f2 of h2"}),
        (Claims("host", "h1", ("fair:f2", "only:fair:f1")), {"fair f1 of h1"}),
        (Claims("employer", "e1", ("only:job:j1",)), {"job j1 of e1 in f1"}),
        (Claims("employer", "e1", ("only:job:j2",)), set()),
        (Claims("employer", "e1", ("only:fair:f1",)), {"job j1 of e1 in f1"}),
        (Claims("employer", "e1", ("only:fair:f2",)), set()),
        (Claims("employer", "e1", ("only:fair:f1", "only:job:j2")), set()),
        (Claims("office", "140221", ("only:office:110105",)), set()),
        # A part of a name is not the name.
        (Claims("host", "h9", ("fair:f", "fair:", "fair")), set()),
        (Claims("host", "h1", ("only:fair:f",)), set()),
    ],
)
def test_rights(claims: Claims, expected: set[str]) -> None:
    assert granted(claims) == expected


def test_only_the_operator_operates() -> None:
    assert OPERATOR.operates
    assert not any(claims.operates for claims in (HOST, EMPLOYER, CANDIDATE, OFFICE))


ROLES: st.SearchStrategy[Role] = st.sampled_from(("host", "employer", "candidate", "office", "operator"))
SUBJECTS = st.sampled_from(("h1", "h2", "e1", "e2", "c1", "c2", "140221", "110105"))
NAMES = st.sampled_from(
    (
        "fair:f1",
        "fair:f2",
        "job:j1",
        "job:j2",
        "office:140221",
        "office:110105",
        "candidate:c1",
        "candidate:c2",
        "fair:",
    )
)
SCOPES = st.lists(NAMES | NAMES.map("only:{}".format), max_size=4).map(tuple)


@given(ROLES, SUBJECTS, SCOPES, NAMES)
def test_a_scope_more_only_adds_and_an_only_more_of_a_new_kind_only_takes(
    role: Role, subject: str, scopes: tuple[str, ...], name: str
) -> None:
    before = granted(Claims(role, subject, scopes))
    assert granted(Claims(role, subject, (*scopes, name))) >= before
    kind = name.partition(":")[0]
    if not any(scope.startswith(f"only:{kind}:") for scope in scopes):
        assert granted(Claims(role, subject, (*scopes, f"only:{name}"))) <= before


@given(ROLES, SUBJECTS, SCOPES)
def test_nobody_is_somebody_else_and_no_scope_makes_an_operator(
    role: Role, subject: str, scopes: tuple[str, ...]
) -> None:
    claims = Claims(role, subject, scopes)
    assert claims.operates == (role == "operator")
    assert {right for right in granted(claims) if right.startswith("candidate")} == (
        {f"candidate {subject}"} & set(rights(claims)) if role == "candidate" else set()
    )
