"""Idempotency keys: one sign-up for one key, whatever is repeated, flushed or killed in between."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter

import aiohttp
import orjson
import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from tests.integration.intake.conftest import NewFair, Place, ends, everything, is_ready
from tests.support.http import Client, Reply, job, new_key, sign_up
from tests.support.processes import Running
from tests.support.waiting import until

pytestmark = [pytest.mark.kafka, pytest.mark.valkey]


async def signed_up(place: Place, fair: str) -> list[dict[str, object]]:
    """The sign-ups of a fair that are in the log."""
    facts = [orjson.loads(value) for _, _, value, _ in await everything(place, "candidates")]
    return [fact for fact in facts if fact["type"] == "person.signed-up" and fact["fair"] == fair]


async def test_the_same_again_is_answered_byte_for_byte(client: Client, place: Place, new_fair: NewFair) -> None:
    fair, jobs = await new_fair(job())
    body, key = sign_up(next(place.numbers), *jobs), new_key()
    first = await client.post(f"/v1/fairs/{fair}/signups", body, key=key)
    again = await client.post(f"/v1/fairs/{fair}/signups", body, key=key)
    assert first.status == again.status == 202
    assert first.body == again.body
    answer = first.json()
    assert answer["channel"] == f"candidate:{answer['candidate']}"
    assert [each["job"] for each in answer["applications"]] == jobs
    assert len(await signed_up(place, fair)) == 1


async def test_a_key_is_the_same_with_and_without_its_quotes(client: Client, place: Place, new_fair: NewFair) -> None:
    fair, _ = await new_fair()
    body, key = sign_up(next(place.numbers)), new_key()
    quoted = await client.post(f"/v1/fairs/{fair}/signups", body, headers={"Idempotency-Key": f'"{key}"'})
    bare = await client.post(f"/v1/fairs/{fair}/signups", body, headers={"Idempotency-Key": key})
    assert quoted.body == bare.body


async def test_another_body_is_refused_and_leaves_nothing(client: Client, place: Place, new_fair: NewFair) -> None:
    fair, jobs = await new_fair(job())
    number, key = next(place.numbers), new_key()
    path = f"/v1/fairs/{fair}/signups"
    assert (await client.post(path, sign_up(number), key=key)).status == 202
    before = await ends(place)
    for other in (sign_up(number, *jobs), sign_up(next(place.numbers)), sign_up(number, level=3)):
        (await client.post(path, other, key=key)).problem(422, "key-reused")
    assert (await ends(place))["candidate-keys"] == before["candidate-keys"]
    assert len(await signed_up(place, fair)) == 1


async def test_a_key_has_one_space_for_each_fair(client: Client, place: Place, new_fair: NewFair) -> None:
    (one, _), (other, _) = await new_fair(), await new_fair()
    key, number = new_key(), next(place.numbers)
    answers = [await client.post(f"/v1/fairs/{fair}/signups", sign_up(number), key=key) for fair in (one, other)]
    assert [each.status for each in answers] == [202, 202]
    assert len(await signed_up(place, one)) == len(await signed_up(place, other)) == 1
    # The same space holds what else is said at the fair.
    host = place.token("host", "h1")
    (await client.post(f"/v1/fairs/{one}/jobs", job(), token=host, key=key)).problem(422, "key-reused")


async def test_a_double_tap_signs_up_once(client: Client, place: Place, new_fair: NewFair) -> None:
    fair, jobs = await new_fair(job())
    body, key = sign_up(next(place.numbers), *jobs), new_key()
    replies = await asyncio.gather(*(client.post(f"/v1/fairs/{fair}/signups", body, key=key) for _ in range(20)))
    taken = [reply for reply in replies if reply.status == 202]
    assert taken
    assert len({reply.body for reply in taken}) == 1
    for reply in replies:
        if reply.status != 202:
            reply.problem(409, "key-in-flight")
            assert reply.headers["Retry-After"] == "1"
    assert len(await signed_up(place, fair)) == 1


async def test_a_flush_forgets_no_answer(client: Client, place: Place, new_fair: NewFair, valkey: Redis) -> None:
    fair, jobs = await new_fair(job())
    path = f"/v1/fairs/{fair}/signups"
    bodies = {new_key(): sign_up(next(place.numbers), *jobs) for _ in range(10)}
    first = {key: await client.post(path, body, key=key) for key, body in bodies.items()}
    await valkey.flushall()
    again = await asyncio.gather(*(client.post(path, body, key=key) for key, body in bodies.items()))
    assert [reply.body for reply in again] == [reply.body for reply in first.values()]
    await valkey.flushall()
    other = next(iter(bodies))
    (await client.post(path, sign_up(next(place.numbers)), key=other)).problem(422, "key-reused")
    assert len(await signed_up(place, fair)) == len(bodies)


async def test_a_valkey_that_lost_the_newest_writes_is_not_believed(
    client: Client, place: Place, new_fair: NewFair, valkey: Redis
) -> None:
    """A restart from an older copy keeps the sentinel, but not its run."""
    fair, _ = await new_fair()
    path, key, body = f"/v1/fairs/{fair}/signups", new_key(), sign_up(next(place.numbers))
    first = await client.post(path, body, key=key)
    entries = [each async for each in valkey.scan_iter(match=f"once:{fair}:*")]
    assert len(entries) == 1
    await valkey.delete(*entries)
    assert await valkey.exists("once") == 1
    run = (await valkey.info("server"))["run_id"]
    place.valkey.kill()
    await until(lambda: _run_of(valkey), lambda now: now not in ("", run))
    again = await until(lambda: client.post(path, body, key=key), lambda reply: reply.status != 503)
    assert again.body == first.body
    assert len(await signed_up(place, fair)) == 1


async def _run_of(valkey: Redis) -> str:
    try:
        return str((await valkey.info("server"))["run_id"])
    except (RedisError, OSError):  # it starts
        return ""


async def test_an_intake_killed_between_claim_and_acknowledgement_blocks_nobody(
    client: Client, place: Place, new_fair: NewFair, intake: Running, valkey: Redis
) -> None:
    fair, jobs = await new_fair(job())
    path, key, body = f"/v1/fairs/{fair}/signups", new_key(), sign_up(next(place.numbers), *jobs)
    (pid,) = place.kafka.pids()["kafka"]
    os.kill(pid, signal.SIGSTOP)
    try:
        asked = asyncio.ensure_future(client.post(path, body, key=key))
        await until(lambda: _entries(valkey, fair))
        intake.kill()
        with pytest.raises(aiohttp.ClientError):
            await asked
    finally:
        os.kill(pid, signal.SIGCONT)
    intake.restart()
    await until(lambda: is_ready(place.url))
    reply = await until(lambda: client.post(path, body, key=key), lambda reply: reply.status != 409)
    assert reply.status == 202
    assert reply.body == (await client.post(path, body, key=key)).body
    # Whether the first came through is unknown; it has the same key, so that the desk counts them once.
    facts = await signed_up(place, fair)
    assert len({(fact["candidate"], fact["key"], fact["holder"]) for fact in facts}) == 1


async def _entries(valkey: Redis, fair: str) -> list[bytes]:
    return [each async for each in valkey.scan_iter(match=f"once:{fair}:*")]


async def test_a_broker_that_does_not_answer_is_unknown_and_harmless(
    client: Client, place: Place, new_fair: NewFair
) -> None:
    """503 with the same key to retry; when Kafka is back the first one counts, and only it."""
    fair, jobs = await new_fair(job())
    path, key, body = f"/v1/fairs/{fair}/signups", new_key(), sign_up(next(place.numbers), *jobs)
    (pid,) = place.kafka.pids()["kafka"]
    os.kill(pid, signal.SIGSTOP)
    try:
        reply = await client.post(path, body, key=key)
        reply.problem(503, "unavailable")
        assert reply.headers["Retry-After"] == "1"
        (await client.post(path, body, key=key)).problem(409, "key-in-flight")
    finally:
        os.kill(pid, signal.SIGCONT)
    again = await until(lambda: client.post(path, body, key=key), lambda reply: reply.status == 202)
    assert again.json()["applications"]
    facts = await signed_up(place, fair)
    assert len({(fact["candidate"], fact["key"], fact["holder"]) for fact in facts}) == 1


async def test_keys_are_optional_elsewhere_and_mean_the_same(
    client: Client, place: Place, new_fair: NewFair, valkey: Redis
) -> None:
    host, key = place.token("host", "h9"), new_key()
    fair = {"title": "一场", "starts": "2026-11-24T19:00:00+08:00", "host": "小王"}

    async def said(reply: Reply) -> tuple[int, bytes]:
        return reply.status, reply.body

    made = await said(await client.post("/v1/fairs", fair, token=host, key=key))
    assert made[0] == 201
    assert await said(await client.post("/v1/fairs", fair, token=host, key=key)) == made
    await valkey.flushall()  # what is not a sign-up is known by its id, which comes from the key
    assert await said(await client.post("/v1/fairs", fair, token=host, key=key)) == made
    (await client.post("/v1/fairs", fair | {"title": "另一场"}, token=host, key=key)).problem(422, "key-reused")

    identifier, job_key = orjson.loads(made[1])["fair"], new_key()
    jobs = f"/v1/fairs/{identifier}/jobs"
    opened = await said(await client.post(jobs, job(), token=host, key=job_key))
    assert await said(await client.post(jobs, job(), token=host, key=job_key)) == opened
    await valkey.flushall()
    assert await said(await client.post(jobs, job(), token=host, key=job_key)) == opened
    (await client.post(jobs, job(seats=9, title="别的"), token=host, key=job_key)).problem(422, "key-reused")
    without = [await client.post(jobs, job(), token=host) for _ in range(2)]
    assert without[0].json() != without[1].json()

    kinds = Counter(
        orjson.loads(value)["type"]
        for _, record, value, _ in await everything(place, "fairs")
        if record == identifier.encode()
    )
    assert kinds == {"fair.scheduled": 1, "job.opened": 3}
