"""The calls, from a fair to an answered offer, with the stages and the feeder behind the door."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest
from redis.asyncio import Redis

from livefair.wire.feed import feeder_key
from livefair.wire.partition import partition_of
from livefair.wire.topics import FEED
from tests.integration.intake.conftest import NewFair, Place, everything
from tests.support.http import CONSENT, Client, Reply, job, new_key, sign_up
from tests.support.waiting import until

pytestmark = [pytest.mark.kafka, pytest.mark.valkey, pytest.mark.usefixtures("behind")]


async def in_state(client: Client, application: str, token: str, state: str) -> dict[str, Any]:
    """The application, once it is in that state."""

    async def ask() -> Reply:
        return await client.get(f"/v1/applications/{application}", token=token)

    reply = await until(ask, lambda reply: reply.status == 200 and reply.json()["state"] == state)
    return dict(reply.json())


async def test_a_fair_from_scheduled_to_closed(client: Client, place: Place) -> None:
    host = place.token("host", "h1")
    body = {"title": "山西—北京", "starts": "2026-11-24T19:00:00+08:00", "host": "小王"}
    made = await client.post("/v1/fairs", body, token=host)
    fair = made.json()["fair"]
    assert made.status == 201
    assert made.headers["Location"] == f"/v1/fairs/{fair}"
    opened = await client.post(f"/v1/fairs/{fair}/jobs", job(), token=host)
    assert opened.status == 201
    identifier = opened.json()["job"]
    for state in ("live", "paused", "live"):
        moved = await client.patch(f"/v1/fairs/{fair}", {"state": state}, token=host)
        assert (moved.status, moved.json()["state"]) == (200, state)
    pinned = await client.patch(f"/v1/fairs/{fair}", {"pinned": identifier}, token=host)
    assert pinned.json()["pinned"] == identifier
    shown = await client.get(f"/v1/fairs/{fair}")
    assert shown.json() == pinned.json()
    assert {key: shown.json()[key] for key in body} == body
    assert shown.json()["jobs"][0] | job() == shown.json()["jobs"][0]
    unpinned = await client.patch(f"/v1/fairs/{fair}", {"pinned": None}, token=host)
    assert unpinned.json()["pinned"] is None
    (await client.patch(f"/v1/fairs/{fair}", {}, token=host)).problem(422, "invalid-fields")
    assert (await client.patch(f"/v1/fairs/{fair}", {"state": "closed"}, token=host)).json()["state"] == "closed"


async def test_a_version_that_has_changed_is_said_to_have(client: Client, place: Place, new_fair: NewFair) -> None:
    fair, (first,) = await new_fair(job())
    host, path = place.token("host", "h1"), f"/v1/fairs/{fair}"
    etag = (await client.get(path)).headers["ETag"]
    assert (await client.get(path, headers={"If-None-Match": etag})).status == 304
    moved = await client.patch(path, {"state": "live"}, token=host, headers={"If-Match": etag})
    assert moved.status == 200
    late = await client.patch(path, {"state": "paused"}, token=host, headers={"If-Match": etag})
    late.problem(412, "changed-meanwhile")
    assert late.headers["ETag"] == moved.headers["ETag"]
    assert (await client.get(path, headers={"If-None-Match": etag})).status == 200
    changed = await client.patch(f"/v1/jobs/{first}", {"seats": 5}, token=place.token("employer", "e1"))
    assert (changed.status, changed.json()["seats"]) == (200, 5)
    headers = {"If-Match": '"older"'}
    late = await client.patch(f"/v1/jobs/{first}", {"paused": True}, token=host, headers=headers)
    late.problem(412, "changed-meanwhile")


async def test_from_a_sign_up_to_an_answered_offer(client: Client, place: Place, new_fair: NewFair) -> None:
    fair, (first,) = await new_fair(job())
    answer = (await client.post(f"/v1/fairs/{fair}/signups", sign_up(next(place.numbers), first), key=new_key())).json()
    candidate, mine = answer["candidate"], answer["token"]
    (application,) = (each["id"] for each in answer["applications"])
    employer, host = place.token("employer", "e1"), place.token("host", "h1")

    seen = await in_state(client, application, mine, "matched")
    assert seen["score"] == sum(each["points"] for each in seen["explanation"])
    for token in (employer, host):
        theirs = await in_state(client, application, token, "matched")
        assert theirs["name"] == "测**"
        assert theirs["explanation"] != seen["explanation"]  # the fit, not the appeal

    offered = await client.post(f"/v1/jobs/{first}/offers", {"candidate": candidate, "expires_s": 600}, token=employer)
    assert offered.status == 202
    offer = offered.json()["offer"]
    stranger = place.token("candidate", "c0000000000000000")
    (await client.post(f"/v1/offers/{offer}/answer", {"accept": True}, token=stranger)).problem(404, "not-found")
    accepted = await client.post(f"/v1/offers/{offer}/answer", {"accept": True}, token=mine)
    assert (accepted.status, accepted.json()) == (202, {"offer": offer, "accept": True})
    await in_state(client, application, mine, "accepted")
    late = await client.post(f"/v1/applications/{application}/withdraw", token=mine)
    assert "placed" in late.problem(409, "illegal-move")["detail"]


async def test_an_offer_that_was_never_made_cannot_be_answered(client: Client, place: Place, new_fair: NewFair) -> None:
    fair, (first,) = await new_fair(job())
    answer = (await client.post(f"/v1/fairs/{fair}/signups", sign_up(next(place.numbers), first), key=new_key())).json()
    forged = f"o{answer['candidate'][1:]}-{first[1:]}-0000000000000000"
    reply = await client.post(f"/v1/offers/{forged}/answer", {"accept": True}, token=answer["token"])
    reply.problem(404, "not-found")


async def test_one_more_job_and_leaving_it(client: Client, place: Place, new_fair: NewFair) -> None:
    fair, (first, second) = await new_fair(job(), job(auto_match=False, title="白班阿姨"))
    answer = (await client.post(f"/v1/fairs/{fair}/signups", sign_up(next(place.numbers), first), key=new_key())).json()
    mine = answer["token"]
    applied = await client.post(f"/v1/jobs/{second}/applications", {}, token=mine)
    assert applied.status == 202
    application = applied.json()["application"]
    assert (await client.post(f"/v1/jobs/{second}/applications", token=mine)).json() == applied.json()
    await in_state(client, application, mine, "reviewing")
    interest = {"candidate": answer["candidate"], "interested": True}
    said = await client.post(f"/v1/jobs/{second}/interests", interest, token=place.token("employer", "e1"))
    assert (said.status, said.json()) == (202, {"application": application, "interested": True})
    await in_state(client, application, mine, "matched")
    assert (await client.post(f"/v1/applications/{application}/withdraw", token=mine)).status == 202
    await in_state(client, application, mine, "withdrawn")


async def test_the_place_in_line(client: Client, place: Place, new_fair: NewFair) -> None:
    fair, (first,) = await new_fair(job(seats=1))
    answers = []
    for _ in range(3):
        body = sign_up(next(place.numbers), first)
        answers.append((await client.post(f"/v1/fairs/{fair}/signups", body, key=new_key())).json())
    ahead, next_one, last = ((each["applications"][0]["id"], each["token"]) for each in answers)
    await in_state(client, *ahead, "matched")
    assert (await in_state(client, *next_one, "waitlisted"))["place"] == 1
    assert (await in_state(client, *last, "waitlisted"))["place"] == 2
    await client.post(f"/v1/applications/{ahead[0]}/withdraw", token=ahead[1])
    await in_state(client, *next_one, "matched")

    async def ask() -> Reply:
        return await client.get(f"/v1/applications/{last[0]}", token=last[1])

    await until(ask, lambda reply: reply.json()["place"] == 1)


async def test_whoever_signs_up_first_holds_the_token(client: Client, place: Place, new_fair: NewFair) -> None:
    fair, (first, second) = await new_fair(job(), job(title="另一个"))
    number, path = next(place.numbers), f"/v1/fairs/{fair}/signups"
    mine = (await client.post(path, sign_up(number, first), key=new_key())).json()
    await in_state(client, mine["applications"][0]["id"], mine["token"], "matched")
    other = (await client.post(path, sign_up(number, second), key=new_key())).json()
    assert other.keys() == mine.keys()
    assert other["candidate"] == mine["candidate"]
    assert other["token"] != mine["token"]
    # The other's token sees its own application and nothing of the first one's.
    await until(
        lambda: client.get(f"/v1/applications/{other['applications'][0]['id']}", token=other["token"]),
        lambda reply: reply.status == 200,
    )
    reply = await client.get(f"/v1/applications/{mine['applications'][0]['id']}", token=other["token"])
    reply.problem(404, "not-found")
    snapshot = (await client.get(f"/v1/channels/{other['channel']}/snapshot", token=other["token"])).json()
    assert f"application/{mine['applications'][0]['id']}" not in snapshot["entities"]
    # Presenting the first token, one is that person again.
    third = (await client.post(path, sign_up(number, first), key=new_key(), token=mine["token"])).json()
    snapshots = [
        (await client.get(f"/v1/channels/{mine['channel']}/snapshot", token=each["token"])).json()["entities"]
        for each in (mine, third)
    ]
    assert snapshots[0].keys() == snapshots[1].keys()
    facts = [
        orjson.loads(value)
        for _, key, value, _ in await everything(place, "candidates")
        if key.decode() == mine["candidate"]
    ]
    signed_up = [fact for fact in facts if fact["type"] == "person.signed-up"]
    assert [fact.get("presented", "") == signed_up[0]["holder"] for fact in signed_up] == [False, False, True]
    assert signed_up[2]["holder"] == signed_up[0]["holder"] != signed_up[1]["holder"]


async def test_the_contact_is_shown_once_matched_and_the_reading_is_on_record(
    client: Client, place: Place, new_fair: NewFair
) -> None:
    fair, (first, second) = await new_fair(job(), job(auto_match=False, title="另一个"))
    number = next(place.numbers)
    body = sign_up(number, first, second, name="王小兰")
    answer = (await client.post(f"/v1/fairs/{fair}/signups", body, key=new_key())).json()
    matched, reviewing = (each["id"] for each in answer["applications"])
    await in_state(client, matched, answer["token"], "matched")
    await in_state(client, reviewing, answer["token"], "reviewing")
    employer = place.token("employer", "e1")

    reply = await client.get(f"/v1/applications/{matched}/contact", token=employer)
    assert reply.status == 200
    assert reply.headers["Cache-Control"] == "no-store"
    assert reply.json() == {
        "application": matched,
        "candidate": answer["candidate"],
        "name": "王小兰",
        "phone": f"+86199{number:08d}",
    }
    read = [
        orjson.loads(value)
        for _, key, value, _ in await everything(place, "candidates")
        if key.decode() == answer["candidate"]
    ]
    assert {"type": "contact.read", "candidate": answer["candidate"], "job": first, "by": "e1"} in read

    (await client.get(f"/v1/applications/{reviewing}/contact", token=employer)).problem(409, "not-matched")
    for token in (place.token("employer", "e2"), place.token("employer", "e1", f"only:job:{second}")):
        (await client.get(f"/v1/applications/{matched}/contact", token=token)).problem(404, "not-found")
    for token in (place.token("host", "h1"), answer["token"]):
        (await client.get(f"/v1/applications/{matched}/contact", token=token)).problem(403, "forbidden")


async def test_without_consent_there_is_no_contact(client: Client, place: Place, new_fair: NewFair) -> None:
    fair, (first,) = await new_fair(job())
    number, path = next(place.numbers), f"/v1/fairs/{fair}/signups"
    answer = (await client.post(path, sign_up(number, first), key=new_key())).json()
    application = answer["applications"][0]["id"]
    employer = place.token("employer", "e1")
    await in_state(client, application, employer, "matched")
    # The person signs up again, with their own token, and takes the consent back.
    without = sign_up(number, consent=CONSENT | {"employers": False})
    assert (await client.post(path, without, key=new_key(), token=answer["token"])).status == 202
    reply = await client.get(f"/v1/applications/{application}/contact", token=employer)
    reply.problem(403, "no-consent")
    # Another who knows name and number cannot give it in their place.
    assert (await client.post(path, sign_up(number), key=new_key())).status == 202
    reply = await client.get(f"/v1/applications/{application}/contact", token=employer)
    reply.problem(403, "no-consent")


async def test_snapshots_are_for_those_whose_channel_it_is(client: Client, place: Place, new_fair: NewFair) -> None:
    fair, (first,) = await new_fair(job())
    answer = (await client.post(f"/v1/fairs/{fair}/signups", sign_up(next(place.numbers), first), key=new_key())).json()
    await in_state(client, answer["applications"][0]["id"], answer["token"], "matched")
    tokens = {
        "": "",
        "host": place.token("host", "h1"),
        "employer": place.token("employer", "e1"),
        "candidate": answer["token"],
        "operator": place.token("operator", "o1"),
    }
    may = {
        f"fair:{fair}": {*tokens},
        f"fair:{fair}:host": {"host", "operator"},
        f"job:{first}": {"employer", "operator"},
        answer["channel"]: {"candidate", "operator"},
    }
    for channel, who in may.items():
        for name, token in tokens.items():
            reply = await client.get(f"/v1/channels/{channel}/snapshot", token=token)
            if name in who:
                found = reply.json()
                assert (reply.status, found["channel"]) == (200, channel)
                assert found["offset"] >= 0
                assert found["entities"]
                again = {"If-None-Match": reply.headers["ETag"]}
                repeated = await client.get(f"/v1/channels/{channel}/snapshot", token=token, headers=again)
                assert repeated.status in (200, 304)
            elif name:
                reply.problem(404, "not-found")
            else:
                reply.problem(401, "unauthenticated")


async def test_an_unchanged_snapshot_is_not_sent_again(client: Client, place: Place, new_fair: NewFair) -> None:
    fair, _ = await new_fair(job())
    path = f"/v1/channels/fair:{fair}/snapshot"
    first = await until(lambda: client.get(path), lambda reply: len(reply.json()["entities"]) == 3)
    again = await client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status, again.body) == (304, b"")


async def test_what_is_not_whole_is_not_shown(client: Client, place: Place, new_fair: NewFair, valkey: Redis) -> None:
    fair, _ = await new_fair(job())
    path, sentinel = f"/v1/channels/fair:{fair}/snapshot", feeder_key(partition_of(FEED, f"fair:{fair}"))
    await until(lambda: client.get(path), lambda reply: reply.status == 200)

    async def without_sentinel() -> Reply:
        await valkey.hdel(sentinel, "epoch")  # type: ignore[misc]
        return await client.get(path)

    # The feeder heals it; until then the door does not take a part for the whole.
    seen = await until(without_sentinel, lambda reply: reply.status == 503)
    seen.problem(503, "not-whole")
    assert seen.headers["Retry-After"] == "1"
    await until(lambda: client.get(path), lambda reply: reply.status == 200)


async def test_two_hosts_at_once_move_a_fair_by_the_table(client: Client, place: Place, new_fair: NewFair) -> None:
    fair, _ = await new_fair()
    host, path = place.token("host", "h1"), f"/v1/fairs/{fair}"
    await client.patch(path, {"state": "live"}, token=host)
    replies = await asyncio.gather(
        *(client.patch(path, {"state": state}, token=host) for state in ("paused", "closed", "live", "paused") * 3)
    )
    assert {reply.status for reply in replies} <= {200, 409}
    assert (await client.get(path)).json()["state"] == "closed"
