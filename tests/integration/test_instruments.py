"""A fair through the real doors of a real `livefair up` at level debug, and then what its instruments say of it.

Every series that a dashboard or an alert asks for is there; one id leads from the request to the push; and nothing of
a person is in any log, page of metrics, topic or key of Valkey.
"""

from __future__ import annotations

import asyncio
import json
import time
import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from livefair import config, keyring, tokens
from livefair.domain.access import Claims, Role
from livefair.valkey import new_client
from services.embedded.system import SERVICES
from tests.integration.intake.test_pages import form, key_of
from tests.integration.intake.test_privacy import HEALTH, ID_NUMBER
from tests.support.collector import Told, collecting
from tests.support.http import Client, job, new_key, sign_up
from tests.support.promql import asked
from tests.support.reckoning import everything
from tests.support.socket import raw_client
from tests.support.up import RunningUp
from tests.support.valkey import contents
from tests.support.waiting import until
from tests.unit.test_watching import ALERTS, DASHBOARDS, panels, promtool

pytestmark = [pytest.mark.kafka, pytest.mark.valkey]

NAMES = ("欧阳雪琴", "司徒晓月", "Zzyzx Quillfeather", "上官婉如", "端木青禾")
"""Of nobody; no log says them by chance."""
TRACING = find_spec("opentelemetry.sdk") is not None
"""Whether the extra is here; `make test` brings it."""
TARGET_LABELS = {"job", "service", "instance", "slot"}
PROMETHEUS_OWN = {"up"}


@dataclass
class Played:
    """What was played, and everything that must not be found afterwards."""

    data: Path
    pages: dict[str, str] = field(default_factory=dict)
    secrets: set[str] = field(default_factory=set)
    candidates: list[str] = field(default_factory=list)
    token_of: list[str] = field(default_factory=list)
    records: list[bytes] = field(default_factory=list)
    keys: list[tuple[bytes, bytes]] = field(default_factory=list)
    spans: list[Told] = field(default_factory=list)
    sent: list[bytes] = field(default_factory=list)
    accepted: int = 0
    seconds: float = 0.0

    def samples(self) -> dict[str, list[tuple[dict[str, str], float]]]:
        """Every sample of every page, by its name."""
        found: dict[str, list[tuple[dict[str, str], float]]] = defaultdict(list)
        for page in self.pages.values():
            for family in text_string_to_metric_families(page):
                for sample in family.samples:
                    found[sample.name].append((sample.labels, sample.value))
        return found

    def total(self, name: str, **labels: str) -> float:
        """The sum of the samples with these labels, over all services."""
        return sum(value for found, value in self.samples()[name] if labels.items() <= found.items())

    def lines(self, service: str) -> list[dict[str, Any]]:
        """What a service has logged."""
        return [json.loads(line) for line in (self.data / "logs" / f"{service}.log").read_text().splitlines()]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    data = tmp_path_factory.mktemp("instruments") / "data"
    with ExitStack() as stack:
        collector = stack.enter_context(collecting())
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("LIVEFAIR_LOG_LEVEL", "debug")
            if TRACING:
                patch.setenv("LIVEFAIR_TRACE_URL", collector.url)
                patch.setenv("LIVEFAIR_TRACE_SHARE", "1")
            running = RunningUp(data).ready()
        stack.callback(running.end)
        found = Played(data)
        began = time.monotonic()
        asyncio.run(play(running.state, found))
        found.seconds = time.monotonic() - began
        for target in json.loads((data / "targets.json").read_text()):
            (address,) = target["targets"]
            with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as answer:
                found.pages[target["labels"]["service"]] = answer.read().decode()
        if TRACING:
            found.spans, found.sent = collector.spans(), collector.raw
        yield found


async def play(state: dict[str, Any], found: Played) -> None:
    """People sign up, twice and wrongly too; one is offered a seat and accepts; host and person watch."""
    settings = config.Settings(data=found.data)
    secret = keyring.read(settings).token

    def token(role: Role, subject: str) -> str:
        made = tokens.mint(secret, Claims(role, subject, (), ""), int(time.time()), 3600)
        found.secrets.add(made)
        return made

    host, employer = token("host", "h1"), token("employer", "e1")
    async with aiohttp.ClientSession() as session, raw_client(state["ws"]) as watching, raw_client(state["ws"]) as own:
        client = Client(session, state["http"])
        fair = (
            await client.post(
                "/v1/fairs", {"title": "夜场", "starts": "2026-11-24T19:00:00+08:00", "host": "王"}, token=host
            )
        ).json()["fair"]
        first = (await client.post(f"/v1/fairs/{fair}/jobs", job(health_certificate=False), token=host)).json()["job"]
        await watching.connect(host)
        await watching.subscribe(f"fair:{fair}:host")
        for number, name in enumerate(NAMES):
            phone = f"1996{number}47{number}381"
            found.secrets |= {name, phone, f"+86{phone}", json.dumps(name).strip('"')}
            changes: dict[str, Any] = {"phone": f"+86{phone}", "name": name, "id_number": ID_NUMBER, "health": HEALTH}
            body, key = sign_up(number, first, **changes), f"{name.encode().hex()}-{new_key()}"
            for _ in range(2):  # a double tap
                reply = await client.post(f"/v1/fairs/{fair}/signups", body, key=key)
                assert reply.status == 202, reply.body
                found.accepted += 1
            found.candidates.append(reply.json()["candidate"])
            found.token_of.append(reply.json()["token"])
            assert (await client.post(f"/v1/fairs/{fair}/signups", {**body, "consent": 1}, key=new_key())).status == 422
            wrong = sign_up(number, first, **{**changes, "level": 9, "region": name, "id_number": phone})
            assert (await client.post(f"/v1/fairs/{fair}/signups", wrong, key=new_key())).status == 422
        page = (await client.get(f"/fairs/{fair}")).body.decode()
        by_form = form(7, first, name="夏侯兰芷", phone="19967770777")
        found.secrets |= {"夏侯兰芷", "19967770777", HEALTH, ID_NUMBER, *found.token_of}
        for fields in (by_form, [each if each[0] != "region" else ("region", "夏侯兰芷") for each in by_form]):
            posted = urlencode([("idempotency_key", key_of(page)), *fields]).encode()
            reply = await client.post(
                f"/fairs/{fair}/signup", raw=posted, headers={"Content-Type": "application/x-www-form-urlencoded"}
            )
            found.accepted += reply.status == 303
        await own.connect(found.token_of[0])
        await own.subscribe(f"candidate:{found.candidates[0]}", since=("another epoch", 3))
        await own.send("{")

        async def matched() -> int:
            await watching.next()
            return sum(each["event"]["type"] == "application.submitted" for each in watching.pushes)

        await until(matched, lambda count: count == len(NAMES) + 1)
        someone = {"candidate": found.candidates[0]}
        offer = (await client.post(f"/v1/jobs/{first}/offers", {**someone, "expires_s": 600}, token=employer)).json()
        answer = f"/v1/offers/{offer['offer']}/answer"
        await until(
            lambda: client.post(answer, {"accept": True}, token=found.token_of[0], key=new_key()),
            lambda reply: reply.status == 202,
        )
        while not any(each["event"]["type"] == "offer.answered" for each in watching.pushes):
            await watching.next()
        one = watching.pushes[-1]["event"]["data"]["application"]
        contact = await client.get(f"/v1/applications/{one}/contact", token=employer)
        assert contact.json()["name"] == NAMES[0]
        await asyncio.sleep(3)  # a look at the ends, so that the lag is one of after the play
        for found_there in (await everything(state["kafka"])).values():
            for each in found_there:
                headers = b"\n".join(value for _, value in each.headers)
                found.records.append(b"\n".join((each.key or b"", each.value or b"", headers)))
        valkey = new_client(state["redis"])
        found.keys = [each async for each in contents(valkey)]
        await valkey.aclose()


# ---------------------------------------------------------------- metrics


def expressions() -> list[tuple[str, str]]:
    """Every expression of the alerts and the dashboards, with where it stands."""
    found = [(rule["alert"], rule["expr"]) for rule in ALERTS]
    for file in DASHBOARDS:
        for panel in panels(json.loads(file.read_text())):
            found += [(f"{file.stem}: {panel['title']}", target["expr"]) for target in panel.get("targets", [])]
    return found


def test_each_series_that_is_asked_for_is_there_with_its_labels(played: Played) -> None:
    samples = played.samples()
    declared = {family.name for page in played.pages.values() for family in text_string_to_metric_families(page)}
    assert len(expressions()) > 60
    missing = []
    for where, expression in expressions():
        found = asked(expression)
        assert found.series, where
        labels_there: set[str] = set(TARGET_LABELS)
        for name, labels in found.series:
            if name in PROMETHEUS_OWN:
                continue
            # A series with labels has no sample before its first event; then its family is there, with help and type.
            if name not in samples and name.removesuffix("_total") not in declared:
                missing.append(f"{where}: there is no {name}")
            there = set().union(*(sample for sample, _ in samples.get(name, []))) | TARGET_LABELS
            labels_there |= there
            if name in samples and not labels <= there:
                missing.append(f"{where}: {name} has no {labels - there}")
        if all(name in samples for name, _ in found.series) and not found.grouped_by <= labels_there:
            missing.append(f"{where}: nothing there has {found.grouped_by - labels_there}")
    assert missing == []


def test_a_name_that_nobody_reports_would_be_found(played: Played) -> None:
    samples = played.samples()
    assert "livefair_signup_to_socket_seconds_bucket" in samples
    assert "livefair_signups_to_socket_seconds_bucket" not in samples


def test_no_label_is_an_id(played: Played) -> None:
    for page in played.pages.values():
        for candidate in played.candidates:
            assert candidate[1:] not in page
    values = [value for found in played.samples().values() for labels, _ in found for value in labels.values()]
    assert len(values) > 300
    assert max(map(len, values)) < 60
    for name, found in played.samples().items():
        if name.startswith("livefair_"):
            assert len(found) < 700, f"{name} has many series"


@pytest.mark.parametrize("service", SERVICES)
def test_promtool_finds_no_fault_with_the_names(played: Played, service: str) -> None:
    ended = promtool("check", "metrics", given=played.pages[service])
    ours = [line for line in (ended.stdout + ended.stderr).splitlines() if line.startswith("livefair_")]
    assert ours == []


def test_what_was_played_is_what_was_counted(played: Played) -> None:
    people = len(NAMES) + 1
    signups = {"route": "/v1/fairs/{fair}/signups"}
    assert played.accepted == 2 * len(NAMES) + 1
    assert played.total("livefair_intake_signups_total") == played.accepted
    assert played.total("livefair_http_requests_total", **signups, status="202") == 2 * len(NAMES)
    assert played.total("livefair_http_requests_total", **signups, status="422") == 2 * len(NAMES)
    assert played.total("livefair_http_problems_total", type="invalid-fields") >= 2 * len(NAMES)
    assert played.total("livefair_stage_decisions_total", stage="desk", kind="person.signed-up") == people
    assert played.total("livefair_stage_decisions_total", stage="ledger", kind="application.entered") == people
    assert played.total("livefair_gateway_errors_total", type="invalid-json") == 1
    assert played.total("livefair_gateway_resumes_total", source="nowhere") == 1
    assert played.total("livefair_feeder_publications_total") >= 4 * people
    assert played.total("livefair_gateway_delivered_bytes_total") > 1000 * people
    assert {stage: played.total("livefair_stage_partitions", stage=stage) for stage in ("fair", "desk", "ledger")} == {
        "fair": 8,
        "desk": 8,
        "ledger": 8,
    }
    for stage in ("fair", "desk", "ledger", "feeder"):
        assert len([1 for labels, _ in played.samples()["livefair_stage_lag_records"] if labels["stage"] == stage]) == 1
        assert played.total("livefair_stage_lag_records", stage=stage) == 0
        assert played.total("livefair_stage_oldest_undecided_seconds", stage=stage) == 0


def test_the_way_to_the_host_s_socket_was_measured_for_each_sign_up(played: Played) -> None:
    name, host = "livefair_signup_to_socket_seconds", {"audience": "host"}
    assert played.total(f"{name}_count", **host) == len(NAMES) + 1
    assert played.total(f"{name}_bucket", **host, le="+Inf") == len(NAMES) + 1
    assert 0 < played.total(f"{name}_sum", **host) < played.seconds * (len(NAMES) + 1)


# ---------------------------------------------------------------- logs


def test_one_id_leads_from_the_request_to_the_push(played: Played) -> None:
    for candidate in played.candidates:
        hops = [
            (service, line["event"], line.get("stage"))
            for service in ("intake", "worker", "feeder", "gateway")
            for line in played.lines(service)
            if line.get("candidate") == candidate
        ]
        assert {
            ("intake", "signed up", None),
            ("intake", "answered", None),
            ("worker", "decided", "desk"),
            ("worker", "decided", "ledger"),
            ("feeder", "feeding", None),
            ("gateway", "pushing", None),
        } <= set(hops)


def test_nothing_personal_is_in_any_log_metric_record_or_key(played: Played) -> None:
    assert len(played.secrets) > 20
    looked: dict[str, bytes] = {f"metrics of {name}": page.encode() for name, page in played.pages.items()}
    looked |= {file.name: file.read_bytes() for file in sorted((played.data / "logs").iterdir())}
    assert {"intake.log", "worker.log", "feeder.log", "gateway.log", "insight.log"} <= set(looked)
    looked |= {f"spans {number}": body for number, body in enumerate(played.sent)}
    looked |= {f"record {number}": record for number, record in enumerate(played.records)}
    looked |= {f"Valkey {name!r}": whole for name, whole in played.keys}
    assert len(played.records) > 100
    assert any(played.candidates[0].encode() in record for record in played.records)
    for where, whole in looked.items():
        for secret in played.secrets:
            assert secret.encode() not in whole, where
            assert repr(secret.encode()).strip("b'").encode() not in whole, where


@pytest.mark.skipif(not TRACING, reason="the extra `otel` is not here: make test installs it")
def test_one_trace_leads_from_each_sign_up_to_the_host_s_push(played: Played) -> None:
    requests = [each for each in played.spans if each.name == "POST /v1/fairs/{fair}/signups"]
    assert len(requests) == 4 * len(NAMES)
    assert {each.service for each in requests} == {"livefair-intake"}
    hops: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for each in played.spans:
        if each.parent:
            hops[each.parent].add((each.service, each.name))
    taken_on = [each for each in requests if hops[each.span]]
    assert len(taken_on) == len(NAMES)  # a repeat writes nothing, and a refusal neither
    for each in taken_on:
        assert each.attributes["http.response.status_code"] == "202"
        assert {
            ("livefair-worker", "desk person.signed-up"),
            ("livefair-worker", "desk application.applied"),
            ("livefair-worker", "ledger application.entered"),
            ("livefair-gateway", "push"),
        } <= hops[each.span]
    assert {each.trace for each in played.spans if each.parent} <= {
        each.trace for each in played.spans if not each.parent
    }


def test_everyone_says_that_it_starts(played: Played) -> None:
    for service in SERVICES:
        first = played.lines(service)[0]
        assert (first["event"], first["service"]) == ("starting", service)


def test_up_tells_a_prometheus_where_each_page_is(played: Played) -> None:
    targets = json.loads((played.data / "targets.json").read_text())
    assert {each["labels"]["service"] for each in targets} == set(played.pages) == set(SERVICES)
    assert {frozenset(each["labels"]) | {"instance"} for each in targets} == {frozenset(TARGET_LABELS)}
