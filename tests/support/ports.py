"""Free ports, for tests that start servers."""

from __future__ import annotations

from services.embedded.ports import free_port

__all__ = ["free_port"]
