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

    def _reaches(self, **names: str) -> bool:
        """Whether a thing, named by each kind that it belongs to, is left in by the `only:` scopes of every kind."""
        only = [scope.split(":", 2) for scope in self.scopes if scope.startswith("only:")]
        return all([kind, names.get(kind)] in [parts[1:] for parts in only] for kind in {parts[1] for parts in only})

    def _scoped(self, kind: str, identifier: str) -> bool:
        return f"{kind}:{identifier}" in self.scopes

    def runs_fair(self, fair: str, owner: str) -> bool:
        """Whether they may run the fair that `owner` created."""
        if not self._reaches(fair=fair):
            return False
        return (self.role == "host" and self.subject == owner) or self._scoped("fair", fair)

    def hires_for(self, job: str, employer: str, fair: str) -> bool:
        """Whether they may speak for the employer of the job."""
        if not self._reaches(job=job, fair=fair):
            return False
        return (self.role == "employer" and self.subject == employer) or self._scoped("job", job)

    def is_candidate(self, candidate: str) -> bool:
        """Whether they are that person, or hold a token made for that person's sign-up."""
        return self.role == "candidate" and self.subject == candidate

    def acts_for_region(self, region: str) -> bool:
        """Whether they are the office of that region."""
        if not self._reaches(office=region):
            return False
        return (self.role == "office" and self.subject == region) or self._scoped("office", region)

    @property
    def operates(self) -> bool:
        """Whether they run the system."""
        return self.role == "operator"
