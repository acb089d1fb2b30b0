"""The pages without scripts: a form that signs up and says what is wrong, and a page of what became of it."""

from __future__ import annotations

import asyncio
import re
from html import unescape
from http.cookies import SimpleCookie
from urllib.parse import urlencode

import pytest

from livefair import asyncapi
from services.intake import openapi
from tests.integration.intake.conftest import NewFair, Place, ends, everything
from tests.support.http import Client, Reply, job
from tests.support.waiting import until

pytestmark = [pytest.mark.kafka, pytest.mark.valkey, pytest.mark.usefixtures("behind")]

Form = list[tuple[str, str]]


def form(number: int, *jobs: str, **changes: str | None) -> Form:
    whole: dict[str, str | None] = {
        "lang": "zh-CN",
        "source_channel": "douyin",
        "source_id": "v7",
        "name": "李小花",
        "phone": f"199 {number:08d}",
        "region": "山西省大同市广灵县",
        "level": "4",
        "experience_years": "5",
        "pay_amount": "8000",
        "pay_unit": "month",
        "start": "2026-12-01",
        "health_certificate_until": "",
        "consent_host": "yes",
        "consent_employers": "yes",
        "consent_ranking": "yes",
        **changes,
    }
    found = [(name, value) for name, value in whole.items() if value is not None]
    lists = [("occupations", "4-10-01-06"), ("skills", "infant-care"), ("modes", "live-in"), ("provinces", "11")]
    return [*found, *lists, ("languages", "zh"), *(("jobs", each) for each in jobs)]


async def send(client: Client, path: str, fields: Form, **headers: str) -> Reply:
    sent = {"Content-Type": "application/x-www-form-urlencoded", **headers}
    return await client.post(path, raw=urlencode(fields).encode(), headers=sent)


async def shown(client: Client, path: str, **headers: str) -> str:
    reply = await client.get(path, headers=headers)
    assert reply.status == 200
    assert reply.headers["Content-Type"] == "text/html; charset=utf-8"
    return reply.body.decode()


def key_of(page: str) -> str:
    found = re.search(r'name="idempotency_key" value="([^"]+)"', page)
    assert found
    return found[1]


def error(page: str, field: str) -> str:
    found = re.search(rf'id="{field}-error">([^<]*)<', page)
    assert found, field
    return unescape(found[1])


def cookie_of(reply: Reply) -> str:
    morsel = SimpleCookie(reply.headers["Set-Cookie"])["livefair_token"]
    assert morsel["httponly"]
    assert morsel["samesite"] == "Lax"
    return f"livefair_token={morsel.value}"


async def test_signing_up_with_scripts_off(client: Client, place: Place, new_fair: NewFair) -> None:
    fair, (first,) = await new_fair(job(health_certificate=False))
    page = await shown(client, f"/fairs/{fair}?from=douyin&id=v7")
    assert f'value="{first}"' in page
    fields = [("idempotency_key", key_of(page)), *form(next(place.numbers), first)]
    taken = await send(client, f"/fairs/{fair}/signup", fields)
    assert (taken.status, taken.headers["Location"]) == (303, f"/me/{fair}?lang=zh-CN")
    assert f"Path=/me/{fair}" in taken.headers["Set-Cookie"]
    again = await send(client, f"/fairs/{fair}/signup", fields)
    assert again.headers["Set-Cookie"] == taken.headers["Set-Cookie"]

    async def me() -> str:
        return await shown(client, taken.headers["Location"], Cookie=cookie_of(taken))

    mine = await until(me, lambda page: 'data-state="matched"' in page)
    assert "住家育儿嫂" in mine
    assert '<meta http-equiv="refresh"' in mine
    assert "匹配" in mine


async def test_an_offer_is_answered_with_scripts_off(client: Client, place: Place, new_fair: NewFair) -> None:
    fair, (first,) = await new_fair(job(health_certificate=False))
    page = await shown(client, f"/fairs/{fair}")
    number = next(place.numbers)
    taken = await send(client, f"/fairs/{fair}/signup", [("idempotency_key", key_of(page)), *form(number, first)])
    cookie = cookie_of(taken)

    async def me() -> str:
        return await shown(client, f"/me/{fair}?lang=en", Cookie=cookie)

    mine = await until(me, lambda page: 'data-state="matched"' in page)
    session = unescape(re.search(r'data-session="([^"]*)"', mine)[1])  # type: ignore[index]
    candidate = re.search(r'"candidate":"(c[a-z0-9]+)"', session)
    assert candidate
    employer = place.token("employer", "e1")
    await client.post(f"/v1/jobs/{first}/offers", {"candidate": candidate[1], "expires_s": 600}, token=employer)
    mine = await until(me, lambda page: 'name="offer"' in page)
    offer = re.search(r'name="offer" value="([^"]+)"', mine)
    assert offer
    fields = [("offer", offer[1]), ("accept", "yes"), ("idempotency_key", key_of(mine)), ("lang", "en")]
    answered = await send(client, f"/me/{fair}/answer", fields, Cookie=cookie)
    assert (answered.status, answered.headers["Location"]) == (303, f"/me/{fair}?lang=en")
    await until(me, lambda page: 'data-state="accepted"' in page)


async def test_what_is_wrong_stands_beside_its_field(client: Client, place: Place, new_fair: NewFair) -> None:
    fair, (first,) = await new_fair(job())
    before = await ends(place)
    key = key_of(await shown(client, f"/fairs/{fair}"))
    wrong = form(
        next(place.numbers),
        first,
        lang="en",
        name="<b>12",
        phone="123",
        region="朝阳区",
        start="2026-02-30",
        level="9",
        pay_amount="many",
        health_certificate_until="2027-05-01",
        consent_employers=None,
    )
    reply = await send(client, f"/fairs/{fair}/signup", [("idempotency_key", key), *wrong])
    page = reply.body.decode()
    assert reply.status == 422
    assert key_of(page) == key
    assert '<html lang="en">' in page
    for field in ("start", "level", "pay_min"):
        assert error(page, field), field
    # Once the form of each is right, what they mean is looked at.
    right = [(name, "2026-12-01" if name == "start" else value) for name, value in wrong]
    right = [(name, value) for name, value in right if name not in ("level", "pay_amount")]
    reply = await send(client, f"/fairs/{fair}/signup", [("idempotency_key", key), *right])
    page = reply.body.decode()
    assert reply.status == 422
    for field in ("region", "phone", "consent_employers", "consent_sensitive"):
        assert error(page, field), field
    assert 'name="region_choice" value="110105"' in page
    assert 'name="region_choice" value="220104"' in page
    assert "&lt;b&gt;12" in page
    assert "<b>12" not in page
    assert f'value="{first}" checked' in page
    chosen = [("region_choice", "110105"), ("consent_employers", "yes"), *right]
    page = (await send(client, f"/fairs/{fair}/signup", [("idempotency_key", key), *chosen])).body.decode()
    for field in ("phone", "consent_sensitive"):
        assert error(page, field), field
    assert not error(page, "region")
    assert await ends(place) == before


async def test_a_form_that_was_changed_after_all_gets_a_new_key(
    client: Client, place: Place, new_fair: NewFair
) -> None:
    fair, _ = await new_fair(job())
    key, number = key_of(await shown(client, f"/fairs/{fair}")), next(place.numbers)
    first = await send(client, f"/fairs/{fair}/signup", [("idempotency_key", key), *form(number)])
    assert first.status == 303
    changed = await send(client, f"/fairs/{fair}/signup", [("idempotency_key", key), *form(number, level="3")])
    assert changed.status == 422
    fresh = key_of(changed.body.decode())
    assert fresh != key
    assert (
        await send(client, f"/fairs/{fair}/signup", [("idempotency_key", fresh), *form(number, level="3")])
    ).status == 303


async def test_a_double_tap_on_the_form_signs_up_once(client: Client, place: Place, new_fair: NewFair) -> None:
    fair, _ = await new_fair(job())
    fields = [("idempotency_key", key_of(await shown(client, f"/fairs/{fair}"))), *form(next(place.numbers))]
    replies = await asyncio.gather(*(send(client, f"/fairs/{fair}/signup", fields) for _ in range(5)))
    assert {reply.status for reply in replies} == {303}
    assert len({reply.headers["Set-Cookie"] for reply in replies}) == 1
    facts = [value for _, _, value, _ in await everything(place, "candidates") if fair.encode() in value]
    assert len([value for value in facts if b'"person.signed-up"' in value]) == 1


async def test_a_form_from_elsewhere_is_refused(client: Client, place: Place, new_fair: NewFair) -> None:
    fair, _ = await new_fair(job())
    before = await ends(place)
    fields = [("idempotency_key", "k1"), *form(next(place.numbers))]
    reply = await send(client, f"/fairs/{fair}/signup", fields, Origin="https://elsewhere.example")
    reply.problem(403, "other-origin")
    reply = await send(client, f"/fairs/{fair}/signup", fields, Origin="null")
    reply.problem(403, "other-origin")
    assert await ends(place) == before
    reply = await send(client, f"/fairs/{fair}/signup", fields, Origin=place.url)
    assert reply.status == 303


async def test_pages_say_what_they_load_and_from_where(client: Client, place: Place, new_fair: NewFair) -> None:
    fair, _ = await new_fair(job())
    for path in ("/", f"/fairs/{fair}", f"/host/{fair}", f"/me/{fair}", "/docs", "/docs/http", "/docs/live"):
        reply = await client.get(path)
        policy = reply.headers["Content-Security-Policy"]
        assert reply.status == 200
        assert "default-src 'none'" in policy
        assert "connect-src 'self' ws://127.0.0.1:1;" in policy
        assert reply.headers["Cache-Control"] == "no-store"
        page = reply.body.decode()
        assert "$" not in re.sub(r"<script.*?</script>", "", page)
        assert not re.search(r"<script(?![^>]*\bsrc=)|\bon[a-z]+=|\bstyle=", page)
        for link in re.findall(r'(?:href|src)="(/static/[^"]+)"', page):
            assert (await client.get(link)).status == 200, link
    for path in ("/fairs/f0", "/host/f0", "/me/f0"):
        reply = await client.get(path)
        assert (reply.status, reply.headers["Content-Type"]) == (404, "text/html; charset=utf-8")


@pytest.mark.parametrize(
    ("accepted", "asked", "language"),
    [
        ("", "", "zh-CN"),
        ("en-GB,en;q=0.8", "", "en"),
        ("fr, en;q=0.5, zh;q=0.7", "", "zh-CN"),
        ("en", "?lang=zh-CN", "zh-CN"),
        ("zh", "?lang=en", "en"),
        ("zh", "?lang=xx", "zh-CN"),
    ],
)
async def test_the_language_of_a_page(client: Client, accepted: str, asked: str, language: str) -> None:
    assert f'<html lang="{language}">' in await shown(client, f"/{asked}", **{"Accept-Language": accepted})


async def test_files_are_sent_once(client: Client) -> None:
    first = await client.get("/static/css/livefair.css")
    assert first.headers["Content-Type"] == "text/css; charset=utf-8"
    assert first.headers["X-Content-Type-Options"] == "nosniff"
    again = await client.get("/static/css/livefair.css", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status, again.body) == (304, b"")


async def test_both_documents_are_served_and_sent_once(client: Client) -> None:
    for path, document in (("/openapi.json", openapi.as_bytes()), ("/asyncapi.json", asyncapi.as_bytes())):
        reply = await client.get(path)
        assert (reply.status, reply.headers["Content-Type"]) == (200, "application/json")
        assert reply.body == document
        again = await client.get(path, headers={"If-None-Match": reply.headers["ETag"]})
        assert (again.status, again.body) == (304, b"")


async def test_nothing_that_is_posted_to_a_form_is_our_fault(client: Client, new_fair: NewFair) -> None:
    fair, _ = await new_fair(job())
    path = f"/fairs/{fair}/signup"
    for raw in (
        b"",
        b"\xff\xfe=%ff",
        b"name=" + b"%00" * 50,
        b"&".join(b"skills=%d" % each for each in range(299)),
        b"a=b&" * 2_000,
        b"name=$name&phone=${phone}&region=$$&idempotency_key=%22%3E%3Cscript%3E",
        "name=张&region=".encode() + b"%E5%8C%BA" * 1_000,
    ):
        reply = await client.post(path, raw=raw, headers={"Content-Type": "application/x-www-form-urlencoded"})
        assert reply.status in (400, 422), reply.body[:300]
        assert b"<script>" not in reply.body
    (await client.post(path, raw=b"{}")).problem(415, "wrong-type")
