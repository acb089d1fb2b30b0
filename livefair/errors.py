"""Every error that livefair raises on purpose, in one tree, and whose fault it is.

The rule: a message names the field or setting, what is wrong with its value, and what to do about it.

    LivefairError
    ├── RemoteError                 theirs: the request, file or record was wrong; saying it again changes nothing
    │   ├── InvalidInput            a field is missing, unknown or wrong; carries the field
    │   ├── NotAllowed              a token that does not carry this right, or none
    │   ├── NotFound                no such thing, or not yours: both read the same
    │   ├── Conflict                the state it was said about is no longer so
    │   └── UnreadableRecord        bytes in a topic that no version of ours wrote
    └── LocalError                  ours: this machine, its settings, or what it depends on
        ├── SettingError            a setting has a value that cannot be; carries the variable
        ├── EnvironmentFault        this machine lacks something: a free port, a writable directory, a free disk
        │   ├── PortBusy
        │   ├── DirectoryUnusable
        │   ├── AlreadyRunning
        │   └── DownloadFailed
        ├── ServiceFailed           a child process ended or never became ready; carries its last log lines
        ├── ClusterMismatch         the cluster's topics are not as declared
        └── Unavailable             Kafka or Valkey did not answer in time; the same request may be said again
"""

from __future__ import annotations

from typing import ClassVar, Literal


class LivefairError(Exception):
    """The root. ``fault`` says whose it is; ``exit_code`` is what the command line ends with."""

    fault: ClassVar[Literal["ours", "theirs"]] = "ours"
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class RemoteError(LivefairError):
    """What they sent is wrong; nothing of it was kept."""

    fault = "theirs"
    exit_code = 2


class InvalidInput(RemoteError):
    """A value that cannot be accepted; ``field`` is a JSON pointer, option or column, empty for the whole."""

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class NotAllowed(RemoteError):
    """The token does not carry this right, or there is none."""


class NotFound(RemoteError):
    """No such thing, or not theirs to see."""


class Conflict(RemoteError):
    """It was said about a state that is no longer so."""


class UnreadableRecord(RemoteError):
    """A record that no version of livefair wrote; it belongs into dead-letters."""


class LocalError(LivefairError):
    """Ours: this machine, its settings, or what it depends on."""


class SettingError(LocalError):
    """A setting that cannot be; ``variable`` is the environment variable or option."""

    exit_code = 2

    def __init__(self, message: str, *, variable: str = "") -> None:
        super().__init__(message)
        self.variable = variable


class EnvironmentFault(LocalError):
    """This machine lacks something that is needed."""

    exit_code = 3


class PortBusy(EnvironmentFault):
    """Another program listens on that port."""


class DirectoryUnusable(EnvironmentFault):
    """A directory that cannot be made or written."""


class AlreadyRunning(EnvironmentFault):
    """Another ``livefair up`` holds this data directory."""


class DownloadFailed(EnvironmentFault):
    """A file could not be fetched, or is not the one that was pinned."""


class ServiceFailed(LocalError):
    """A child process ended, or was not ready in time; ``log`` holds its last lines."""

    exit_code = 4

    def __init__(self, message: str, *, log: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.log = log

    def __str__(self) -> str:
        return "\n  | ".join((self.message, *self.log))


class ClusterMismatch(LocalError):
    """The cluster's topics are not as livefair.wire.topics declares them."""

    exit_code = 5


class Unavailable(LocalError):
    """Kafka or Valkey did not answer in time; whether it was done is unknown, and repeating is harmless."""

    exit_code = 6
