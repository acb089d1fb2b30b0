"""The snapshot of a channel: its state with the offset from which a subscription goes on."""

from __future__ import annotations

from livefair.wire.channels import parse_channel
from services.intake.access import readable
from services.intake.door import Door
from services.intake.models import Snapshot
from services.intake.operations import Answer, Call, operation
from services.intake.problems import no_such
from services.intake.versions import matches
from services.intake.views import snapshot_json


@operation(
    "GET",
    "/v1/channels/{channel}/snapshot",
    "What a channel shows now, with the offset to subscribe since",
    tag="channels",
    answers={200: Snapshot, 304: None},
    problems=("not-found", "not-whole", "unavailable"),
    bearer="optional",
)
async def snapshot(door: Door, call: Call) -> Answer:
    """A public channel needs no token. The host's (`fair:{id}:host`) also holds what is derived of the fair: the rows
    `counters`, `insight` (funnel by source, sign-ups by minute and hour, times to the first answer) and
    `unmet/{region}/{occupation}/{level}`."""
    channel = parse_channel(call.path["channel"])
    if channel is None:
        raise no_such("channel")
    shown = await door.views.whole(await readable(door, call.claims, channel))
    public = channel.kind == "fair"
    headers = {"ETag": shown.etag, "Cache-Control": "no-cache" if public else "private, no-cache"}
    if not public:
        headers["Vary"] = "Authorization"
    if matches(call.headers.get("If-None-Match", ""), shown.etag):
        return Answer(304, b"", headers)
    return Answer(200, snapshot_json(channel.name, shown), headers)
