"""Nothing personal in clear leaves the door: not into a topic, not into Valkey, not into a log or a metric."""

from __future__ import annotations

import pytest
from redis.asyncio import Redis
from stdnum.cn import ric

from tests.integration.intake.conftest import NewFair, Place, everything
from tests.support.http import Client, job, new_key, sign_up
from tests.support.valkey import contents
from tests.support.waiting import until

pytestmark = [pytest.mark.kafka, pytest.mark.valkey, pytest.mark.usefixtures("behind")]

NAME = "欧阳雪琴"
ID_NUMBER = "11010119900101000"
ID_NUMBER += ric.calc_check_digit(ID_NUMBER + "0")
"""Of nobody: the serial number 000 is never given."""
HEALTH = "青霉素过敏"


async def test_nothing_personal_is_anywhere_in_clear(
    client: Client, place: Place, new_fair: NewFair, valkey: Redis
) -> None:
    number = 87_650_000 + next(place.numbers)
    phone = f"199{number:08d}"
    fair, (first,) = await new_fair(job())
    body = sign_up(number, first, name=NAME, id_number=ID_NUMBER, health=HEALTH)
    reply = await client.post(f"/v1/fairs/{fair}/signups", body, key=f"{phone}-{new_key()}")
    answer = reply.json()
    application = answer["applications"][0]["id"]
    await until(
        lambda: client.get(f"/v1/applications/{application}", token=answer["token"]),
        lambda reply: reply.status == 200 and reply.json()["state"] == "matched",
    )
    contact = await client.get(f"/v1/applications/{application}/contact", token=place.token("employer", "e1"))
    assert contact.json()["name"] == NAME
    refused = sign_up(number, first, name=NAME, id_number="1", level=9)
    assert (await client.post(f"/v1/fairs/{fair}/signups", refused, key=new_key())).status == 422

    secrets = [each.encode() for each in (NAME, phone, ID_NUMBER, HEALTH)]
    secrets += [NAME.encode("unicode_escape"), answer["token"].encode()]
    records = await everything(place)
    assert any(key == answer["candidate"].encode() for _, key, _, _ in records)
    for topic, key, value, headers in records:
        whole = b"\n".join((key, value, *(each for _, each in headers)))
        for secret in secrets:
            assert secret not in whole, topic
    async for name, whole in contents(valkey):
        for secret in secrets:
            assert secret not in whole, name
    metrics = await client.get("/metrics")
    said = [place.log(name).read_bytes() for name in ("intake", "worker", "feeder")]
    for where in (metrics.body, *said):
        for secret in (*secrets, answer["candidate"].encode() if where is metrics.body else NAME.encode()):
            assert secret not in where


async def test_the_mask_is_all_that_a_host_sees(client: Client, place: Place, new_fair: NewFair) -> None:
    fair, (first,) = await new_fair(job())
    body = sign_up(next(place.numbers), first, name=NAME)
    await client.post(f"/v1/fairs/{fair}/signups", body, key=new_key())
    path, host = f"/v1/channels/fair:{fair}:host/snapshot", place.token("host", "h1")
    shown = await until(lambda: client.get(path, token=host), lambda reply: b"application/" in reply.body)
    assert "欧***".encode() in shown.body
    assert "雪".encode() not in shown.body
