"""OpenTelemetry, where a setting asks for it: one trace from a request to its pushes. Else none of it is imported.

Every hop is a child of the request's span, which travels as the W3C header `traceparent` in records and, from the
feeder on, in an announcement's trail. Clients cannot begin a trace: whoever may knock must not decide what we keep.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from livefair.config import Settings
from livefair.errors import SettingError
from livefair.wire.envelope import TRACE, Headers

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Span

SEND_EVERY_MS = 1_000
SEND_WITHIN_S = 3.0


class HasHeaders(Protocol):
    """A record that is about to be written."""

    @property
    def headers(self) -> Headers: ...


class Traces:
    """This process's tracing. `on` is what hot paths ask, and all that they pay where it is off."""

    def __init__(self) -> None:
        self.on = False
        self._tracer: Any = None
        self._provider: Any = None

    def configure(self, settings: Settings, service: str) -> None:
        """Begin where LIVEFAIR_TRACE_URL says where to. Raises SettingError where OpenTelemetry is not installed."""
        if settings.trace_url is None:
            return
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        except ImportError:
            raise SettingError(
                "LIVEFAIR_TRACE_URL is set, but OpenTelemetry is not installed: "
                'pip install "livefair[otel]", or unset it.',
                variable="LIVEFAIR_TRACE_URL",
            ) from None
        self.begin(OTLPSpanExporter(endpoint=settings.trace_url, timeout=SEND_WITHIN_S), service, settings.trace_share)

    def begin(self, exporter: SpanExporter, service: str, share: float) -> None:
        """Trace that share of the requests, and whatever belongs to one that is traced."""
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

        resource = Resource.create({"service.name": f"livefair-{service}", "service.namespace": "livefair"})
        self._provider = TracerProvider(sampler=ParentBased(TraceIdRatioBased(share)), resource=resource)
        self._provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=SEND_EVERY_MS))
        self._tracer = self._provider.get_tracer("livefair")
        self.on = True

    def end(self) -> None:
        """Send what there is and trace no more. At a process's end this happens by itself."""
        if self._provider is not None:
            self._provider.shutdown()
        self.on, self._tracer, self._provider = False, None, None

    @contextmanager
    def request(self, name: str) -> Iterator[Span]:
        """A request at a door while the block runs: the beginning of a trace."""
        from opentelemetry.context import Context
        from opentelemetry.trace import SpanKind

        with self._tracer.start_as_current_span(
            name, context=Context(), kind=SpanKind.SERVER, record_exception=False, set_status_on_exception=False
        ) as span:
            yield span

    def mark(self, records: Iterable[HasHeaders]) -> None:
        """Give records the trace of the request that is being answered, where that one is traced."""
        from opentelemetry.trace import get_current_span

        context = get_current_span().get_span_context()
        if context.is_valid and context.trace_flags.sampled:
            value = f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}".encode()
            for record in records:
                record.headers.append((TRACE, value))

    def hop(self, name: str, traceparent: str, since_ms: int, **attributes: str) -> None:
        """A span of a trace that came with a record: from `since_ms` (Unix) until now."""
        from opentelemetry.trace import SpanKind
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        parent = TraceContextTextMapPropagator().extract({TRACE: traceparent})
        now = time.time_ns()
        start = min(since_ms * 1_000_000, now) if since_ms else now
        span = self._tracer.start_span(
            name, context=parent, kind=SpanKind.CONSUMER, start_time=start, attributes=attributes
        )
        span.end(now)


traces = Traces()
