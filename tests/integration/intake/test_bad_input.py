"""What is wrong with a request is named, is nobody's fault but theirs, and leaves nothing in Kafka."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.intake.conftest import NewFair, Place, ends
from tests.support.http import CONSENT, Client, Reply, job, new_key, person, sign_up

pytestmark = [pytest.mark.kafka, pytest.mark.valkey]

Body = dict[str, Any]


def with_person(**changes: Any) -> Callable[[Body], Body]:
    return lambda body: body | {"candidate": body["candidate"] | changes}


def without(*path: str) -> Callable[[Body], Body]:
    def change(body: Body) -> Body:
        copy = json.loads(json.dumps(body))
        place = copy
        for part in path[:-1]:
            place = place[part]
        del place[path[-1]]
        return copy

    return change


SIGN_UPS: list[tuple[str, Callable[[Body], Body], dict[str, str]]] = [
    ("unknown field", lambda body: body | {"vip": True}, {"#/vip": "unknown-field"}),
    ("unknown field of a person", with_person(sex="f"), {"#/candidate/sex": "unknown-field"}),
    ("wrong type", with_person(level="4"), {"#/candidate/level": "wrong-type"}),
    ("wrong type of a list", with_person(skills="cooking"), {"#/candidate/skills": "wrong-type"}),
    ("not whole", with_person(experience_years=1.5), {"#/candidate/experience_years": "wrong-type"}),
    ("no truth", lambda body: body | {"consent": {"host": "yes"}}, {"#/consent/host": "wrong-type"}),
    ("a list for an object", lambda body: body | {"candidate": []}, {"#/candidate": "wrong-type"}),
    ("impossible date", with_person(start="2026-02-30"), {"#/candidate/start": "not-a-date"}),
    ("no date", with_person(start="tomorrow"), {"#/candidate/start": "not-a-date"}),
    ("a number for a date", with_person(start=5), {"#/candidate/start": "not-a-date"}),
    ("a date long ago", with_person(start="0001-01-01"), {"#/candidate/start": "too-small"}),
    ("no phone", with_person(phone="12345"), {"#/candidate/phone": "no-phone"}),
    ("a phone with a letter", with_person(phone="1380013800O"), {"#/candidate/phone": "no-phone"}),
    ("a phone of no country", with_person(phone="+99912345678"), {"#/candidate/phone": "no-phone"}),
    ("no name", with_person(name="  "), {"#/candidate/name": "no-name"}),
    ("a name of digits", with_person(name="12"), {"#/candidate/name": "no-name"}),
    ("a name that hides", with_person(name="张\u202e丽"), {"#/candidate/name": "no-name"}),
    ("a name too long", with_person(name="张" * 41), {"#/candidate/name": "too-long"}),
    ("level out of range", with_person(level=6), {"#/candidate/level": "too-great"}),
    (
        "pay of nothing",
        with_person(pay_min={"unit": "month", "amount": 0}),
        {"#/candidate/pay_min/amount": "too-small"},
    ),
    ("pay per year", with_person(pay_min={"unit": "year", "amount": 1}), {"#/candidate/pay_min/unit": "not-one-of"}),
    ("unknown region", with_person(region="999999"), {"#/candidate/region": "unknown-region"}),
    ("a city for a county", with_person(region="140200"), {"#/candidate/region": "unknown-region"}),
    ("unknown skill", with_person(skills=["cooking", "infantcare"]), {"#/candidate/skills/1": "unknown-code"}),
    ("unknown occupation", with_person(occupations=["4-10-01"]), {"#/candidate/occupations/0": "unknown-code"}),
    ("unknown language", with_person(languages=["xx"]), {"#/candidate/languages/0": "unknown-code"}),
    ("unknown province", with_person(provinces=["99"]), {"#/candidate/provinces/0": "unknown-code"}),
    ("unknown channel", lambda body: body | {"source": {"channel": "tv"}}, {"#/source/channel": "unknown-code"}),
    ("unknown mode", with_person(modes=["sometimes"]), {"#/candidate/modes/0": "not-one-of"}),
    ("too many", with_person(occupations=["4-10-01-06"] * 21), {"#/candidate/occupations": "too-many"}),
    ("no name at all", without("candidate", "name"), {"#/candidate/name": "missing"}),
    ("no phone at all", without("candidate", "phone"), {"#/candidate/phone": "missing"}),
    ("no region at all", without("candidate", "region"), {"#/candidate/region": "missing"}),
    ("no consent at all", without("consent"), {"#/consent": "missing"}),
    (
        "a health fact without its consent",
        lambda body: body | {"consent": CONSENT | {"sensitive": False}},
        {"#/consent/sensitive": "needs-sensitive"},
    ),
    (
        "an identity number that is none",
        with_person(id_number="140221198001010011"),
        {"#/candidate/id_number": "no-id-number"},
    ),
    ("unknown job", lambda body: body | {"jobs": ["j0"]}, {"#/jobs/0": "unknown-job"}),
    ("a job that is no id", lambda body: body | {"jobs": ["J 1"]}, {"#/jobs/0": "bad-form"}),
    (
        "several at once",
        with_person(phone="1", region="1", level=0),
        {"#/candidate/level": "too-small"},
    ),
    (
        "several that the tables know",
        with_person(phone="1", region="1", skills=["x"]),
        {
            "#/candidate/phone": "no-phone",
            "#/candidate/region": "unknown-region",
            "#/candidate/skills/0": "unknown-code",
        },
    ),
    ("nothing", lambda _: {}, {"#/candidate": "missing", "#/consent": "missing"}),
]


async def test_each_wrong_field_of_a_sign_up_is_named(client: Client, place: Place, new_fair: NewFair) -> None:
    fair, _ = await new_fair()
    before = await ends(place)
    path = f"/v1/fairs/{fair}/signups"
    for name, change, wrong in SIGN_UPS:
        body = change(sign_up(next(place.numbers)))
        for accepted, language in (("", "en"), ("zh-CN,zh;q=0.9,en;q=0.5", "zh-CN")):
            reply = await client.post(path, body, key=new_key(), headers={"Accept-Language": accepted})
            assert (name, reply.pointers()) == (name, wrong)
            assert reply.headers["Content-Language"] == language
            for each in reply.json()["errors"]:  # some name a place or a code, in Chinese in both languages
                assert each["code"] in ("unknown-region", "unknown-code") or each["detail"].isascii() is (
                    language == "en"
                )
    assert await ends(place) == before


JOBS: list[tuple[str, dict[str, Any], dict[str, str]]] = [
    ("pay upside down", {"pay": {"unit": "month", "min": 9000, "max": 8000}}, {"#/pay/max": "pay-upside-down"}),
    ("no seats", {"seats": 0}, {"#/seats": "too-small"}),
    ("a million seats", {"seats": 1_000_000}, {"#/seats": "too-great"}),
    ("level out of range", {"min_level": 9}, {"#/min_level": "too-great"}),
    (
        "a window upside down",
        {"start_window": ["2026-12-31", "2026-11-25"]},
        {"#/start_window/1": "window-upside-down"},
    ),
    ("half a window", {"start_window": ["2026-12-31"]}, {"#/start_window/1": "missing"}),
    ("hourly without hours", {"mode": "hourly"}, {"#/hours_week": "needs-hours"}),
    ("hours without hourly", {"hours_week": 20}, {"#/hours_week": "no-hours"}),
    ("unknown occupation", {"occupation": "cook"}, {"#/occupation": "unknown-code"}),
    ("unknown region", {"region": "110000"}, {"#/region": "unknown-region"}),
    ("unknown field", {"age_max": 40}, {"#/age_max": "unknown-field"}),
    ("no title", {"title": ""}, {"#/title": "too-short"}),
    ("an employer with a space", {"employer": "e 1"}, {"#/employer": "bad-form"}),
    ("unknown lodging", {"lodging": "tent"}, {"#/lodging": "not-one-of"}),
]


async def test_each_wrong_field_of_a_job_is_named(client: Client, place: Place, new_fair: NewFair) -> None:
    fair, _ = await new_fair()
    before = await ends(place)
    for name, change, wrong in JOBS:
        reply = await client.post(f"/v1/fairs/{fair}/jobs", job(**change), token=place.token("host", "h1"))
        assert (name, reply.pointers()) == (name, wrong)
    assert await ends(place) == before


async def test_a_job_of_another_fair_is_refused(client: Client, place: Place, new_fair: NewFair) -> None:
    (here, _), (_, there) = await new_fair(job()), await new_fair(job())
    before = await ends(place)
    body = sign_up(next(place.numbers), *there)
    reply = await client.post(f"/v1/fairs/{here}/signups", body, key=new_key())
    assert reply.pointers() == {"#/jobs/0": "unknown-job"}
    pin = await client.patch(f"/v1/fairs/{here}", {"pinned": there[0]}, token=place.token("host", "h1"))
    assert pin.pointers() == {"#/pinned": "unknown-job"}
    assert await ends(place) == before


async def test_a_closed_fair_takes_nothing(client: Client, place: Place, new_fair: NewFair) -> None:
    fair, jobs = await new_fair(job())
    host = place.token("host", "h1")
    assert (await client.patch(f"/v1/fairs/{fair}", {"state": "closed"}, token=host)).json()["state"] == "closed"
    before = await ends(place)
    (await client.post(f"/v1/fairs/{fair}/signups", sign_up(1, *jobs), key=new_key())).problem(409, "fair-closed")
    (await client.post(f"/v1/fairs/{fair}/jobs", job(), token=host)).problem(409, "fair-closed")
    candidate = place.token("candidate", "c0000000000000000")
    (await client.post(f"/v1/jobs/{jobs[0]}/applications", token=candidate)).problem(409, "fair-closed")
    problem = (await client.patch(f"/v1/fairs/{fair}", {"state": "live"}, token=host)).problem(409, "illegal-move")
    assert "closed" in problem["detail"]
    assert await ends(place) == before


async def test_an_illegal_move_names_what_is_allowed(client: Client, place: Place, new_fair: NewFair) -> None:
    fair, _ = await new_fair()
    reply = await client.patch(f"/v1/fairs/{fair}", {"state": "paused"}, token=place.token("host", "h1"))
    assert "closed, live" in reply.problem(409, "illegal-move")["detail"]


RAW: list[tuple[str, bytes, str, int, str]] = [
    ("broken JSON", b'{"candidate": {', "application/json", 400, "broken-json"),
    ("no JSON at all", b"hello", "application/json", 400, "broken-json"),
    ("empty", b"", "application/json", 400, "broken-json"),
    ("not UTF-8", b'{"a":"\xff"}', "application/json", 400, "broken-json"),
    ("half a surrogate", b'{"a":"\\ud800"}', "application/json", 400, "broken-json"),
    ("very deep", b"[" * 10_000, "application/json", 400, "broken-json"),
    ("a bare number", b"5", "application/json", 422, "invalid-fields"),
    ("null", b"null", "application/json", 422, "invalid-fields"),
    ("a form", b"a=b", "application/x-www-form-urlencoded", 415, "wrong-type"),
    ("text", b"{}", "text/plain", 415, "wrong-type"),
    ("JSON in another alphabet", b"{}", "application/json; charset=gbk", 415, "wrong-type"),
    ("no type", b"{}", "", 415, "wrong-type"),
    ("too large", b'{"a":"' + b"x" * 200_000 + b'"}', "application/json", 413, "too-large"),
]


async def test_a_body_that_is_no_body(client: Client, place: Place, new_fair: NewFair) -> None:
    fair, _ = await new_fair()
    before = await ends(place)
    for name, raw, kind, status, code in RAW:
        headers = {"Content-Type": kind}
        reply = await client.post(f"/v1/fairs/{fair}/signups", raw=raw, key=new_key(), headers=headers)
        assert (name, reply.status) == (name, status)
        reply.problem(status, code)
        assert (await client.get("/healthz")).status == 200
    assert await ends(place) == before


async def test_a_compressed_body_is_refused(client: Client, new_fair: NewFair) -> None:
    fair, _ = await new_fair()
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    reply = await client.post(f"/v1/fairs/{fair}/signups", raw=b"\x1f\x8b", key=new_key(), headers=headers)
    reply.problem(415, "wrong-type")


async def test_a_large_body_that_does_not_say_so(client: Client, place: Place, new_fair: NewFair) -> None:
    fair, _ = await new_fair()
    reader, writer = await asyncio.open_connection("127.0.0.1", place.port)
    head = f"POST /v1/fairs/{fair}/signups HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    writer.write(head.encode() + b'Idempotency-Key: "k"\r\nTransfer-Encoding: chunked\r\n\r\n')
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    try:
        for _ in range(32):
            writer.write(chunk)
            await writer.drain()
    except ConnectionError:
        pass  # it answered and closed
    assert b" 413 " in await reader.readline()
    writer.close()
    assert (await client.get("/healthz")).status == 200


KEYS: list[tuple[str, str | None, str]] = [
    ("none", None, "key-missing"),
    ("empty", "", "key-invalid"),
    ("empty quotes", '""', "key-invalid"),
    ("too long", "k" * 256, "key-invalid"),
    ("not ASCII", "键", "key-invalid"),
]


async def test_a_key_that_is_none(client: Client, place: Place, new_fair: NewFair) -> None:
    fair, _ = await new_fair()
    before = await ends(place)
    for name, header, code in KEYS:
        headers = {} if header is None else {"Idempotency-Key": header}
        reply = await client.post(f"/v1/fairs/{fair}/signups", sign_up(1), headers=headers)
        assert (name, reply.status) == (name, 400)
        reply.problem(400, code)
    assert await ends(place) == before


async def test_a_key_of_255_letters_is_one(client: Client, place: Place, new_fair: NewFair) -> None:
    fair, _ = await new_fair()
    reply = await client.post(f"/v1/fairs/{fair}/signups", sign_up(next(place.numbers)), key="k" * 255)
    assert reply.status == 202


async def test_no_token_an_expired_one_and_a_forged_one(client: Client, place: Place, new_fair: NewFair) -> None:
    fair, jobs = await new_fair(job())
    before = await ends(place)
    calls: list[tuple[str, str, Body | None]] = [
        ("POST", "/v1/fairs", {"title": "t", "starts": "2026-11-24T19:00:00+08:00", "host": "h"}),
        ("PATCH", f"/v1/fairs/{fair}", {"state": "live"}),
        ("POST", f"/v1/fairs/{fair}/jobs", job()),
        ("PATCH", f"/v1/jobs/{jobs[0]}", {"seats": 3}),
        ("POST", f"/v1/jobs/{jobs[0]}/applications", None),
        ("POST", f"/v1/jobs/{jobs[0]}/interests", {"candidate": "c1", "interested": True}),
        ("POST", f"/v1/jobs/{jobs[0]}/offers", {"candidate": "c1"}),
        ("POST", "/v1/offers/o1-1-1/answer", {"accept": True}),
        ("POST", "/v1/applications/a1-1/withdraw", None),
        ("GET", "/v1/applications/a1-1", None),
        ("GET", "/v1/applications/a1-1/contact", None),
        ("GET", f"/v1/channels/fair:{fair}:host/snapshot", None),
    ]
    good = place.token("host", "h1")
    bad = ["", place.token("host", "h1", lifetime_s=-1), good[:-4] + "AAAA", "x.y.z"]
    for method, path, body in calls:
        for token in bad:
            reply = await client.call(method, path, body, token=token)
            reply.problem(401, "unauthenticated")
            assert reply.headers["WWW-Authenticate"].startswith("Bearer")
    # A bad token is refused where none is needed, too.
    reply = await client.post(f"/v1/fairs/{fair}/signups", sign_up(1), key=new_key(), token=bad[2])
    reply.problem(401, "unauthenticated")
    headers = {"Authorization": "Basic aDE6eA=="}
    (await client.get(f"/v1/channels/fair:{fair}/snapshot", headers=headers)).problem(401, "unauthenticated")
    assert await ends(place) == before


async def test_the_wrong_role_is_told_so_and_not_yours_is_not_there(
    client: Client, place: Place, new_fair: NewFair
) -> None:
    fair, jobs = await new_fair(job())
    before = await ends(place)
    candidate, other_host = place.token("candidate", "c1"), place.token("host", "h2")
    other_employer = place.token("employer", "e2")
    offer = {"candidate": "c1", "expires_s": 60}
    for path in (f"/v1/jobs/{jobs[0]}/offers", "/v1/jobs/j0/offers"):  # there or not: the same to who never may
        (await client.post(path, offer, token=candidate)).problem(403, "forbidden")
    new = {"title": "t", "starts": "2026-11-24T19:00:00+08:00", "host": "h"}
    (await client.post("/v1/fairs", new, token=candidate)).problem(403, "forbidden")

    def same(one: Reply, other: Reply) -> None:
        mine, theirs = (each.problem(404, "not-found") for each in (one, other))
        assert mine | {"instance": ""} == theirs | {"instance": ""}

    for theirs, nobodys, token in (
        (f"/v1/fairs/{fair}", "/v1/fairs/f0", other_host),
        (f"/v1/jobs/{jobs[0]}", "/v1/jobs/j0", other_employer),
    ):
        change = {"state": "live"} if "fairs" in theirs else {"seats": 1}
        same(await client.patch(theirs, change, token=token), await client.patch(nobodys, change, token=token))
    same(
        await client.post(f"/v1/jobs/{jobs[0]}/offers", offer, token=other_employer),
        await client.post("/v1/jobs/j0/offers", offer, token=other_employer),
    )
    name = jobs[0][1:]
    same(
        await client.get(f"/v1/applications/a1-{name}", token=other_employer),
        await client.get("/v1/applications/a1-0", token=other_employer),
    )
    same(
        await client.get(f"/v1/channels/job:{jobs[0]}/snapshot", token=other_employer),
        await client.get("/v1/channels/job:j0/snapshot", token=other_employer),
    )
    assert await ends(place) == before


async def test_an_employer_opens_jobs_only_once_named(client: Client, place: Place, new_fair: NewFair) -> None:
    fair, _ = await new_fair(job(employer="e1"))
    path = f"/v1/fairs/{fair}/jobs"
    assert (await client.post(path, job(employer="e1"), token=place.token("employer", "e1"))).status == 201
    before = await ends(place)
    reply = await client.post(path, job(employer="e2"), token=place.token("employer", "e2"))
    reply.problem(403, "employer-not-named")
    (await client.post(path, job(employer="e1"), token=place.token("employer", "e2"))).problem(404, "not-found")
    assert await ends(place) == before


ROUTES: list[tuple[str, str, int, str]] = [
    ("GET", "/v1", 404, "no-such-route"),
    ("GET", "/v2/fairs", 404, "no-such-route"),
    ("POST", "/nowhere", 404, "no-such-route"),
    ("GET", "/static/../pyproject.toml", 404, "no-such-route"),
    ("GET", "/static/%2e%2e/pyproject.toml", 404, "no-such-route"),
    ("GET", "/static/..%2f..%2fetc/passwd", 404, "no-such-route"),
    ("GET", "/static/tables.py", 404, "no-such-route"),
    ("GET", "/v1/fairs/%ff%fe", 404, "not-found"),
    ("GET", "/v1/fairs/%00", 404, "not-found"),
    ("GET", "/v1/channels/nowhere:1/snapshot", 404, "not-found"),
    ("GET", "/v1/channels/candidate:c1~h1/snapshot", 404, "not-found"),
    ("GET", "/v1/fairs/f0", 404, "not-found"),
    ("DELETE", "/v1/fairs", 405, "method-not-allowed"),
    ("GET", "/v1/fairs/f0/signups", 405, "method-not-allowed"),
    ("PUT", "/v1/jobs/j0", 405, "method-not-allowed"),
    ("OPTIONS", "/v1/fairs", 405, "method-not-allowed"),
]


@pytest.mark.parametrize(("method", "path", "status", "code"), ROUTES)
async def test_a_path_that_is_none(
    place: Place, client: Client, method: str, path: str, status: int, code: str
) -> None:
    # By hand, since a client would tidy the path up.
    reader, writer = await asyncio.open_connection("127.0.0.1", place.port)
    writer.write(f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    assert f" {status} ".encode() in head.splitlines()[0]
    assert json.loads(body)["type"].endswith(f":{code}")
    assert (b"\r\nAllow: " in head) is (status == 405)


@pytest.mark.parametrize(
    "sent",
    [
        b"\x00\x01\x02\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /v1/fairs HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /v1/fairs HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 20_000 + b"\r\n\r\n",
    ],
)
async def test_what_is_no_http_is_closed_without_harm(client: Client, place: Place, sent: bytes) -> None:
    with socket.create_connection(("127.0.0.1", place.port), timeout=10) as connection:
        await asyncio.to_thread(connection.sendall, sent)
        answer = await asyncio.to_thread(connection.recv, 65536)
    assert answer == b"" or b" 400 " in answer.splitlines()[0], answer[:100]
    assert (await client.get("/healthz")).status == 200


# ---------------------------------------------------------------- anything at all

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
_FIELDS = st.sampled_from([*person(1), "jobs", "consent", "source", "id_number", "health"])
_NEARLY = st.tuples(st.dictionaries(_FIELDS, _JSON, max_size=5), st.dictionaries(_FIELDS, _JSON, max_size=2))


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(changes=_NEARLY)
def test_nothing_that_is_sent_is_our_fault(place: Place, intake: object, changes: tuple[Body, Body]) -> None:
    """Bodies that are nearly right, to every call that takes one; none is answered with a 500."""
    connection = http.client.HTTPConnection("127.0.0.1", place.port)

    def send(method: str, path: str, body: Body, token: str) -> int:
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": new_key(),
            "Authorization": f"Bearer {token}",
        }
        connection.request(method, path, json.dumps(body), headers)
        answer = connection.getresponse()
        answer.read()
        assert answer.headers["Content-Type"] in ("application/json", "application/problem+json")
        return answer.status

    of_person, of_whole = changes
    body = sign_up(1)
    nearly = body | {"candidate": body["candidate"] | of_person} | of_whole
    host, employer = place.token("host", "h1"), place.token("employer", "e1")
    for method, path, sent, token in (
        ("POST", "/v1/fairs/f0/signups", nearly, host),
        ("POST", "/v1/fairs", nearly, host),
        ("PATCH", "/v1/fairs/f0", of_whole, host),
        ("POST", "/v1/fairs/f0/jobs", job() | of_person, host),
        ("POST", "/v1/jobs/j0/offers", of_person, employer),
        ("POST", "/v1/jobs/j0/interests", of_person, employer),
        ("POST", "/v1/offers/o1-1-1/answer", of_whole, place.token("candidate", "c1")),
    ):
        assert send(method, path, sent, token) < 500
    connection.close()
