"""Who may do what: roles, ownership, and scopes that hand out more or (`only:`) less.

A host owns the fairs its subject created, an employer the jobs that name it, an office its region, a candidate
themselves; an operator reads everything. What is not yours reads like what does not exist, so these functions
only say yes or no.
"""

from __future__ import annotations

from typing import Literal

import msgspec

Role = Literal["host", "employer", "candidate", "office", "operator"]


class Claims(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who somebody is, as their token says. `holder` is on candidates' tokens (empty: the operator made it)."""

    role: Role
    subject: str
    scopes: tuple[str, ...] = ()
    holder: str = ""

    def _narrowed_from(self, kind: str, identifier: str) -> bool:
        """Whether an `only:` scope of this kind leaves `identifier` out."""
        only = [scope for scope in self.scopes if scope.startswith(f"only:{kind}:")]
        return bool(only) and f"only:{kind}:{identifier}" not in only

    def _scoped(self, kind: str, identifier: str) -> bool:
        return f"{kind}:{identifier}" in self.scopes

    def runs_fair(self, fair: str, owner: str) -> bool:
        """Whether they may run the fair that `owner` created."""
        if self._narrowed_from("fair", fair):
            return False
        return (self.role == "host" and self.subject == owner) or self._scoped("fair", fair)

    def hires_for(self, job: str, employer: str, fair: str) -> bool:
        """Whether they may speak for the employer of the job."""
        if self._narrowed_from("job", job) or self._narrowed_from("fair", fair):
            return False
        return (self.role == "employer" and self.subject == employer) or self._scoped("job", job)

    def is_candidate(self, candidate: str) -> bool:
        """Whether they are that person, or hold a token made for that person's sign-up."""
        return self.role == "candidate" and self.subject == candidate

    def acts_for_region(self, region: str) -> bool:
        """Whether they are the office of that region."""
        if self._narrowed_from("office", region):
            return False
        return (self.role == "office" and self.subject == region) or self._scoped("office", region)

    @property
    def operates(self) -> bool:
        """Whether they run the system."""
        return self.role == "operator"
