"""The life of a fair: scheduled → live ⇄ paused → closed. One table holds every move."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec
from msgspec.structs import replace

FairState = Literal["scheduled", "live", "paused", "closed"]

MOVES: Mapping[FairState, frozenset[FairState]] = {
    "scheduled": frozenset({"live", "closed"}),
    "live": frozenset({"paused", "closed"}),
    "paused": frozenset({"live", "closed"}),
    "closed": frozenset(),
}


class Fair(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One fair. `owner` is the subject that created it, `starts` an RFC 3339 time as it was given."""

    fair: str
    title: str
    host: str
    owner: str
    starts: str
    state: FairState = "scheduled"
    pinned: str | None = None

    def may_become(self, state: FairState) -> bool:
        """Whether the table allows the move; staying as it is always is allowed."""
        return state == self.state or state in MOVES[self.state]

    @property
    def takes_sign_ups(self) -> bool:
        """Sign-ups are open from scheduled until closed."""
        return self.state != "closed"

    def changed(self, state: FairState | None, pinned: str | None) -> Fair | None:
        """The fair after a change (`pinned` "" takes the pin away); None where the table does not hold the move."""
        if state is not None and not self.may_become(state):
            return None
        return replace(
            self,
            state=self.state if state is None else state,
            pinned=self.pinned if pinned is None else pinned or None,
        )
