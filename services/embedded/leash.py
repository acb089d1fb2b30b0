"""What makes a child end with its parent, even when the parent was killed and could say nothing.

On Linux the kernel does it; elsewhere a warden, a small process that outlives the parent for as long as the killing
takes.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress

_PR_SET_PDEATHSIG = 1


def kernel_leash() -> Callable[[], None] | None:
    """What a child runs between fork and exec so that the kernel kills it with its parent; None where there is no such.

    The kernel watches the parent's thread: start children in one that lives as long as they shall.
    """
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl  # looked up before the fork: after it only the call is safe
    parent = os.getpid()

    def bind() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it died before the kernel was told
            os._exit(1)

    return bind


class Warden:
    """Kills the processes on its list when this process is gone, however it went."""

    def __init__(self) -> None:
        reading, self._writing = os.pipe()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__],
                stdin=reading,
                start_new_session=True,  # a Ctrl-C in the terminal is not for it
            )
        finally:
            os.close(reading)

    def watch(self, pid: int) -> None:
        """Put a process on the list."""
        os.write(self._writing, f"+{pid}\n".encode())

    def forget(self, pid: int) -> None:
        """Take a process that has ended off the list."""
        os.write(self._writing, f"-{pid}\n".encode())

    def close(self) -> None:
        """End the warden; whoever is still on the list is killed."""
        os.close(self._writing)
        self._process.wait()


def main() -> None:
    """The warden: its standard input ends when its parent does."""
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    pids: set[int] = set()
    for line in sys.stdin:
        (pids.add if line[0] == "+" else pids.discard)(int(line[1:]))
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    main()
