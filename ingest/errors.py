"""The one exception tree of hopline.

Every message names the file and line or the argument, says what was expected, and what to do next.
The tree stands in the lowest package so that every room can raise from it.
"""

from __future__ import annotations


class HoplineError(Exception):
    """Base of every error that hopline raises on purpose; `str(error)` is fit to show a user.

    `hint`, where given, is the next thing to try, printed on a line of its own.
    """

    #: exit status of the command line when this error ends it
    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class UsageError(HoplineError):
    """An argument or option is wrong: exit code 2."""

    exit_code = 2


class SourceError(HoplineError):
    """A log source cannot be read: missing, unreadable, or with nothing in it that hopline knows."""


class FormatError(UsageError):
    """An access-log format string or format file is not valid."""


class InventoryError(HoplineError):
    """A file given as inventory is not one that hopline can read."""


class ConfigError(UsageError):
    """`hopline.toml` is not valid."""


class QueryError(HoplineError):
    """A SQL query failed or is not allowed in the sandbox."""


class ObjectiveError(HoplineError):
    """An objective that was asked for was missed, or cannot be shown to be met: exit code 3."""

    exit_code = 3


class StoreError(HoplineError):
    """A store is missing, damaged, of another version, or cannot be written."""


class OutputError(HoplineError):
    """The output cannot be written."""
