"""Traces: nothing where nobody asked; where somebody did, one trace from the request through the stages to the push."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from livefair import config
from livefair.domain.people import Consent, Profile
from livefair.errors import SettingError
from livefair.tracing import traces
from livefair.wire.codec import encode
from livefair.wire.envelope import TRACE, fact_headers, header
from livefair.wire.facts import JobStated, Sealed, SignedUp
from livefair.wire.feed import read_trail
from livefair.wire.partition import partition_of
from livefair.wire.topics import CANDIDATES, FEED, JOBS
from services.feeder.publications import read
from services.gateway.metrics import handed_over
from services.intake.log import Record
from streams.desk import DeskFold
from streams.ledger import LedgerFold
from streams.log import Kept
from streams.owner import Owner, Routed, Written
from streams.telling import trace
from tests.support.matching import job

memory = pytest.importorskip(
    "opentelemetry.sdk.trace.export.in_memory_span_exporter",
    reason="the extra `otel` is not here: make test installs it",
)
AT = 1_760_000_000_000


@pytest.fixture
def exporter() -> Iterator[Any]:
    kept = memory.InMemorySpanExporter()
    traces.begin(kept, "tested", 1.0)
    yield kept
    traces.end()


def signed_up() -> Record:
    fact = SignedUp(
        candidate="c1",
        fair="f1",
        key="k",
        body="b",
        issued=1,
        holder="h1",
        mask="慕***",
        profile=Profile(region="140221"),
        consent=Consent(host=True, employers=True, ranking=True),
        sealed=Sealed("k1", "AAAA"),
        jobs=("j1",),
    )
    headers = fact_headers("f1.k", "person.signed-up")
    return Record(CANDIDATES, partition_of(CANDIDATES, "c1"), b"c1", encode(fact), headers)


def folded(owner: Owner[Any, Any, Any], key: bytes, value: bytes, headers: Any) -> tuple[list[Written], list[Routed]]:
    """An input through a stage's owner: what is written, and what is routed once that is acknowledged."""
    written = owner.fold_one(Kept(owner.next_input, AT, key, value, headers))
    return written, owner.routes([(one.step, one.decision) for one in written])


def played(record: Record) -> tuple[list[Routed], list[bytes]]:
    """A sign-up through desk and ledger: what went into the feed, and the trails of its announcements."""
    desk, ledger = Owner(DeskFold(), record.partition), Owner(LedgerFold(), partition_of(JOBS, "j1"))
    folded(ledger, b"j1", encode(JobStated(job(job="j1", fair="f1"))), fact_headers("1", "job.stated"))
    written, routed = folded(desk, record.key, record.value, record.headers)
    if traces.on:
        trace("desk", written)
    (made,) = [each for each in routed if each.topic is JOBS]
    written, told = folded(ledger, made.key.encode(), made.value, made.headers)
    if traces.on:
        trace("ledger", written)
    feed = [each for each in told if each.topic is FEED]
    seen = [
        SimpleNamespace(
            key=each.key.encode(),
            value=each.value,
            headers=each.headers,
            partition=partition_of(FEED, each.key),
            offset=7,
        )
        for each in feed
    ]
    return feed, [read(each).head[8].encode() for each in seen]  # type: ignore[arg-type]


def test_one_trace_leads_from_the_request_to_the_push(exporter: Any) -> None:
    with traces.request("POST /v1/fairs/{fair}/signups"):
        record = signed_up()
        traces.mark([record])
    carried = header(record.headers, TRACE)
    assert carried is not None
    feed, trails = played(record)
    assert {header(each.headers, TRACE) for each in feed} == {carried}
    handed_over("host", trails[:1])
    assert read_trail(trails[0]) == (AT, carried.decode())

    assert traces._provider.force_flush()
    spans = {span.name: span for span in exporter.get_finished_spans()}
    assert set(spans) == {
        "POST /v1/fairs/{fair}/signups",
        "desk person.signed-up",
        "desk application.applied",
        "ledger application.entered",
        "push",
    }
    request = spans.pop("POST /v1/fairs/{fair}/signups")
    assert request.parent is None
    assert carried.decode().split("-")[1:3] == [f"{request.context.trace_id:032x}", f"{request.context.span_id:016x}"]
    for span in spans.values():
        assert span.parent is not None
        assert (span.parent.trace_id, span.parent.span_id) == (request.context.trace_id, request.context.span_id)
        assert span.start_time == AT * 1_000_000
        assert span.end_time is not None
        assert span.end_time > span.start_time
    said = [value for span in spans.values() for value in (span.attributes or {}).values()]
    assert said == ["host"]


def test_where_nothing_is_traced_no_record_says_so() -> None:
    assert not traces.on
    record = signed_up()
    feed, trails = played(record)
    assert feed
    assert all(header(each.headers, TRACE) is None for each in feed)
    assert {read_trail(trail)[1] for trail in trails} == {""}
    assert AT in {read_trail(trail)[0] for trail in trails}


def test_a_request_that_is_not_sampled_costs_the_rest_nothing() -> None:
    kept = memory.InMemorySpanExporter()
    traces.begin(kept, "tested", 0.0)
    try:
        with traces.request("POST /v1/fairs"):
            record = signed_up()
            traces.mark([record])
        assert header(record.headers, TRACE) is None
        assert traces._provider.force_flush()
        assert kept.get_finished_spans() == ()
    finally:
        traces.end()


def test_one_request_is_never_within_another(exporter: Any) -> None:
    with traces.request("one"), traces.request("two"):
        pass
    assert traces._provider.force_flush()
    one, two = exporter.get_finished_spans()
    assert one.parent is two.parent is None
    assert one.context.trace_id != two.context.trace_id


def test_without_the_setting_nothing_of_it_is_imported() -> None:
    services = "services.intake.command, services.gateway.command, services.feeder.command, streams.worker"
    # redis imports what it finds of OpenTelemetry's metrics by itself.
    ours = "('opentelemetry.sdk.trace', 'opentelemetry.exporter')"
    code = f"import sys, {services}; print([name for name in sys.modules if name.startswith({ours})])"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"


def test_without_the_extra_the_setting_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(SettingError, match=r"pip install \"livefair\[otel\]\", or unset it"):
        traces.configure(config.load(trace_url="http://127.0.0.1:4318/v1/traces"), "intake")
    assert not traces.on


def test_a_url_that_is_none_is_named() -> None:
    with pytest.raises(SettingError, match="LIVEFAIR_TRACE_URL is 'collector:4318'"):
        config.load(trace_url="collector:4318")
