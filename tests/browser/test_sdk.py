"""The JavaScript SDK in a real Chromium against a gateway and a door that a test plays word by word."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, Route, WebSocketRoute

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

WEB = Path(__file__).parents[2] / "web"
SITE = "http://livefair.test"
CHANNEL = "fair:f1:host"
PAGE = "<!doctype html><html lang='en'><title>test</title><body></body></html>"


def event(number: int) -> dict[str, Any]:
    return {"id": f"e{number}", "type": "test", "time": number, "data": {"n": number}}


def publication(number: int, offset: int, prev: int) -> dict[str, Any]:
    return {"offset": offset, "prev": prev, "class": "must", "event": event(number)}


class Gateway:
    """What the page's websockets said, and what they are told. Each `connect` is answered by itself."""

    def __init__(self) -> None:
        self.sockets: list[WebSocketRoute] = []
        self.said: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    def accept(self, socket: WebSocketRoute) -> None:
        self.sockets.append(socket)
        socket.on_message(lambda message: self._heard(socket, json.loads(str(message))))

    def _heard(self, socket: WebSocketRoute, message: dict[str, Any]) -> None:
        if "connect" in message:
            self.tell({"id": message["id"], "connected": {"session": "s", "ping": 25, "server_time": 0}}, socket)
        if "unsubscribe" in message:
            self.tell({"id": message["id"], "unsubscribed": message["unsubscribe"]}, socket)
        self.said.put_nowait(message)

    def tell(self, message: dict[str, Any], socket: WebSocketRoute | None = None) -> None:
        (socket or self.sockets[-1]).send(json.dumps(message))

    def push(self, number: int, offset: int, prev: int) -> None:
        self.tell({"push": {"channel": CHANNEL, **publication(number, offset, prev)}})

    async def heard(self, command: str) -> dict[str, Any]:
        """The next message that holds this command; others before it are passed over."""
        async with asyncio.timeout(20):
            while True:
                message = await self.said.get()
                if command in message:
                    return message

    async def grant(self, *publications: dict[str, Any], offset: int, **more: Any) -> dict[str, Any]:
        """Answer the next `subscribe` and return what it said."""
        message = await self.heard("subscribe")
        answer = {"channel": CHANNEL, "epoch": "E", "offset": offset, "recovered": True, **more}
        self.tell({"id": message["id"], "subscribed": answer | {"publications": list(publications)}})
        subscribe: dict[str, Any] = message["subscribe"]
        return subscribe


class Door:
    """What the page asks over HTTP, and the answers: functions from a route to what is done with it, in order."""

    def __init__(self) -> None:
        self.snapshots: list[tuple[int, list[int]]] = [(-1, [])]
        self.calls: list[tuple[str, str, dict[str, str], str | None]] = []
        self.answers: list[Callable[[Route], Any]] = []

    async def serve(self, route: Route) -> None:
        request = route.request
        path = request.url.removeprefix(SITE)
        if path == "/":
            await route.fulfill(body=PAGE, content_type="text/html; charset=utf-8")
        elif path.startswith("/static/"):
            await route.fulfill(path=WEB / path.removeprefix("/static/"))
        elif path.endswith("/snapshot"):
            offset, numbers = self.snapshots.pop(0) if len(self.snapshots) > 1 else self.snapshots[0]
            entities = {f"row/{number}": event(number) for number in numbers}
            body = {"channel": CHANNEL, "epoch": "E", "offset": offset, "entities": entities}
            await route.fulfill(json=body)
        elif path.startswith("/v1/"):
            self.calls.append((request.method, path, await request.all_headers(), request.post_data))
            await (self.answers.pop(0) if self.answers else lambda r: r.fulfill(status=204))(route)
        else:
            await route.fulfill(status=404)


FOLLOW = """async () => {
  const sdk = await import("/static/sdk/livefair.js");
  window.sdk = sdk;
  window.seen = [];
  window.states = [];
  const http = new sdk.Http({token: () => "T", language: "en"});
  window.http = http;
  const url = "ws://gateway.test/ws";
  window.connection = new sdk.Connection({url, token: () => "T", onState: (one) => states.push(one)});
  window.channel = sdk.follow(connection, http, "fair:f1:host", {
    ack: true,
    reset: (events) => { seen.length = 0; seen.push(...events.map((one) => one.data.n)); },
    event: (one) => seen.push(one.data.n),
    refused: (error) => { window.refused = error.message; },
  });
}"""


class Stage:
    """A page with the SDK, its gateway and its door."""

    def __init__(self, page: Page, gateway: Gateway, door: Door) -> None:
        self.page, self.gateway, self.door = page, gateway, door

    async def follow(self) -> None:
        await self.page.evaluate(FOLLOW)

    async def seen(self, numbers: list[int]) -> None:
        """Wait until the page has shown exactly these events, in this order."""
        await self.page.wait_for_function(
            "(want) => JSON.stringify(seen) === want", arg=json.dumps(numbers).replace(" ", "")
        )

    async def state(self, name: str) -> dict[str, Any]:
        await self.page.wait_for_function("(name) => states.length && states.at(-1).state === name", arg=name)
        last: dict[str, Any] = await self.page.evaluate("states.at(-1)")
        return last


@pytest_asyncio.fixture(loop_scope="module")
async def stage(browser: Browser) -> AsyncIterator[Stage]:
    page = await browser.new_page()
    gateway, door = Gateway(), Door()
    await page.route("**/*", door.serve)
    await page.route_web_socket("ws://gateway.test/ws", gateway.accept)
    await page.goto(SITE + "/")
    yield Stage(page, gateway, door)
    await page.close()


async def test_snapshot_then_missed_then_live(stage: Stage) -> None:
    stage.door.snapshots = [(5, [1, 2])]
    await stage.follow()
    connect = (await stage.gateway.heard("connect"))["connect"]
    assert connect == {"token": "T", "client": "web/1"}
    asked = await stage.gateway.grant(publication(3, 8, 5), offset=8)
    assert asked == {"channel": CHANNEL, "since": {"epoch": "E", "offset": 5}}
    stage.gateway.push(4, 9, 8)
    await stage.seen([1, 2, 3, 4])
    acknowledged = await stage.gateway.heard("ack")
    while acknowledged["ack"]["offset"] < 9:
        acknowledged = await stage.gateway.heard("ack")
    assert acknowledged == {"ack": {"channel": CHANNEL, "offset": 9}}


async def test_a_repeat_is_shown_once_by_offset_and_by_id(stage: Stage) -> None:
    await stage.follow()
    await stage.gateway.grant(offset=-1)
    stage.gateway.push(1, 4, -1)
    stage.gateway.push(1, 4, -1)
    stage.gateway.push(1, 6, 4)  # the same event, appended twice to the feed
    stage.gateway.push(2, 7, 6)
    await stage.seen([1, 2])


async def test_a_gap_is_asked_for_again_and_what_comes_meanwhile_is_not_shown_early(stage: Stage) -> None:
    await stage.follow()
    await stage.gateway.grant(offset=-1)
    stage.gateway.push(1, 4, -1)
    stage.gateway.push(3, 9, 7)  # 7 was never heard
    assert (await stage.gateway.heard("unsubscribe"))["unsubscribe"] == {"channel": CHANNEL}
    stage.gateway.push(4, 11, 9)
    missed = (publication(2, 7, 4), publication(3, 9, 7), publication(4, 11, 9))
    asked = await stage.gateway.grant(*missed, offset=11)
    assert asked["since"] == {"epoch": "E", "offset": 4}
    stage.gateway.push(5, 12, 11)
    await stage.seen([1, 2, 3, 4, 5])


async def test_skipped_publications_keep_the_chain_whole(stage: Stage) -> None:
    await stage.follow()
    await stage.gateway.grant(offset=-1)
    stage.gateway.push(1, 4, -1)
    stage.gateway.tell({"skipped": {"channel": CHANNEL, "prev": 4, "offset": 9, "count": 3}})
    stage.gateway.push(2, 12, 9)
    await stage.seen([1, 2])
    assert await stage.page.evaluate("channel.position.offset") == 12


async def test_it_comes_back_after_the_wait_that_the_gateway_asks_for_and_resumes(stage: Stage) -> None:
    await stage.follow()
    await stage.gateway.grant(offset=-1)
    stage.gateway.push(1, 4, -1)
    await stage.seen([1])
    await stage.state("connected")
    before = await stage.page.evaluate("Date.now()")
    await stage.gateway.sockets[-1].close(code=4000, reason='{"name":"draining","wait":1.5}')
    waiting = await stage.state("waiting")
    assert waiting["at"] - before >= 1500
    asked = await stage.gateway.grant(publication(2, 8, 4), offset=8)
    assert asked["since"] == {"epoch": "E", "offset": 4}
    await stage.seen([1, 2])
    assert len(stage.gateway.sockets) == 2


async def test_a_final_close_is_final(stage: Stage) -> None:
    await stage.follow()
    await stage.gateway.grant(offset=-1)
    await stage.gateway.sockets[-1].close(code=4500, reason='{"name":"too-many-errors"}')
    stopped = await stage.state("stopped")
    assert stopped["code"] == 4500
    await stage.page.evaluate("connection.wake()")
    assert len(stage.gateway.sockets) == 1


async def test_what_cannot_be_recovered_is_taken_from_a_fresh_snapshot(stage: Stage) -> None:
    stage.door.snapshots = [(5, [1]), (40, [1, 7])]
    await stage.follow()
    await stage.gateway.grant(offset=40, recovered=False)
    asked = await stage.gateway.grant(publication(8, 41, 40), offset=41)
    assert asked["since"] == {"epoch": "E", "offset": 40}
    await stage.seen([1, 7, 8])


async def test_another_epoch_is_another_feed(stage: Stage) -> None:
    stage.door.snapshots = [(50, [1]), (3, [2])]
    await stage.follow()
    await stage.gateway.grant(offset=3, epoch="F")
    asked = await stage.gateway.grant(offset=3)
    assert asked["since"]["offset"] == 3
    await stage.seen([2])


async def test_a_refused_channel_is_told_and_a_busy_gateway_is_asked_again(stage: Stage) -> None:
    await stage.follow()
    first = await stage.gateway.heard("subscribe")
    stage.gateway.tell({"id": first["id"], "error": {"type": "unavailable", "title": "in a second", "retry": True}})
    second = await stage.gateway.heard("subscribe")
    stage.gateway.tell({"id": second["id"], "error": {"type": "forbidden", "title": "not yours", "retry": False}})
    await stage.page.wait_for_function("window.refused === 'not yours'")


async def test_a_call_with_a_key_is_repeated_with_the_same_key_until_it_is_answered(stage: Stage) -> None:
    stage.door.answers = [
        lambda route: route.abort(),
        lambda route: route.fulfill(status=503, json={"title": "no"}),
        lambda route: route.fulfill(status=409, headers={"Retry-After": "0"}, json={"title": "in flight"}),
        lambda route: route.fulfill(status=202, json={"ok": 1}),
    ]
    await stage.follow()
    said = await stage.page.evaluate("http.post('/v1/x', {a: 1}, {key: 'K'})")
    assert said == {"ok": 1}
    assert len(stage.door.calls) == 4
    for method, path, headers, body in stage.door.calls:
        assert (method, path, json.loads(body or "")) == ("POST", "/v1/x", {"a": 1})
        assert headers["idempotency-key"] == '"K"'
        assert headers["authorization"] == "Bearer T"


async def test_a_call_without_a_key_is_made_once_and_a_refusal_is_never_repeated(stage: Stage) -> None:
    await stage.follow()
    stage.door.answers = [lambda route: route.fulfill(status=503, json={"title": "no"})]
    failed = await stage.page.evaluate("http.post('/v1/x', {}).then(() => null, (error) => [error.name, error.status])")
    assert failed == ["Problem", 503]
    errors = [{"pointer": "#/candidate/name", "detail": "must be a name"}]
    stage.door.answers = [lambda route: route.fulfill(status=422, json={"title": "no", "errors": errors})]
    call = "http.post('/v1/x', {}, {key: 'K'}).then(() => null, (error) => [error.retry, error.errors])"
    assert await stage.page.evaluate(call) == [False, errors]
    stage.door.answers = [lambda route: route.fulfill(status=409, json={"type": "urn:livefair:problem:fair-closed"})]
    assert (await stage.page.evaluate(call))[0] is False
    assert len(stage.door.calls) == 3


async def test_waits_grow_are_bounded_and_differ(stage: Stage) -> None:
    await stage.follow()
    low, high, far = await stage.page.evaluate(
        "[sdk.backOff(3, {random: () => 0}), sdk.backOff(3, {random: () => 1}), sdk.backOff(50, {random: () => 1})]"
    )
    assert (low, high, far) == (800, 3200, 20000)


async def test_why_a_row_stands_where_it_does_is_said_in_both_languages(stage: Stage) -> None:
    row = {
        "state": "matched",
        "filters": [{"filter": "pay", "verdict": "pass"}, {"filter": "health_certificate", "verdict": "unknown"}],
        "explanation": [
            {"term": "experience", "points": 1449},
            {"term": "skills", "points": 3500},
            {"term": "start", "points": 600},
        ],
        "proofs": ["health_certificate"],
    }
    failing = {"state": "submitted", "filters": [{"filter": "pay", "verdict": "fail"}], "explanation": []}
    for language, matched, failed in (
        (
            "en",
            "best: skills covered 35, experience in similar care 14; to be checked: health certificate",
            "does not meet: pay",
        ),
        ("zh-CN", "强项：技能符合 35、同类经验 14；待核实：健康证", "不符合：工资"),
    ):
        await stage.page.goto(SITE + "/")
        said = await stage.page.evaluate(
            """async ([language, ...rows]) => {
              document.documentElement.lang = language;
              const {ready} = await import("/static/app/text.js");
              await ready;
              const {why} = await import("/static/app/why.js");
              return rows.map(why);
            }""",
            [language, row, failing],
        )
        assert said == [matched, failed]


async def test_the_console_shows_at_most_200_rows_and_counts_all(stage: Stage) -> None:
    kept = await stage.page.evaluate(
        """async () => {
          const {ConsoleModel} = await import("/static/app/console-model.js");
          const model = new ConsoleModel();
          const entered = (n, state) => ({id: `e${n}${state}`, type: `application.${state}`, time: n,
            data: {application: `a${n}`, job: "j1", candidate: `c${n % 300}`, name: "张*", state, score: 1}});
          const counters = (n) => ({id: `k${n}`, type: "job.counters", time: n,
            data: {job: "j1", seats: 3, seats_left: 2, applications: n, matched: 1, waiting: 0}});
          model.reset([counters(400), ...Array.from({length: 400}, (_, n) => entered(n, "submitted"))]);
          const before = [model.rows.length, model.rows[0].id, model.sums];
          model.apply(entered(0, "matched"));
          model.apply(entered(0, "matched"));
          return [...before, model.rows.length, model.rows.slice(0, 2).map((row) => row.id), model.applications.size];
        }"""
    )
    sums = {"people": 300, "applications": 400, "matched": 1, "waiting": 0, "seatsLeft": 2}
    assert kept == [200, "a399", sums, 200, ["a0", "a399"], 400]


async def test_a_phone_number_is_taken_as_people_write_it(stage: Stage) -> None:
    await stage.follow()
    read = await stage.page.evaluate(
        """async (texts) => {
          const {phoneNumber} = await import("/static/app/form.js");
          return texts.map(phoneNumber);
        }""",
        ["138 0013 8000", "+86 138-0013-8000", "８６１３８００１３８０００", "12345", "+85291234567", ""],
    )
    assert read == ["+8613800138000", "+8613800138000", "+8613800138000", None, "+85291234567", None]
