"""Queries that can be stopped: by a time limit, by Ctrl-C, by whatever else ends the program.

DuckDB's Python client does not look for signals while it works on a query in the calling thread (a Ctrl-C was seen
to wait 18 seconds), but it obeys `interrupt` at once. So the query runs in a thread of its own, and the caller waits.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from ingest.errors import QueryError

T = TypeVar("T")

#: Seconds between two interrupts: one that finds no query running, as between two of them, is lost.
_AGAIN_S = 0.05
#: Seconds between two looks for signals: polars, once imported, has a wait go on behind one.
_LOOK_S = 0.1


class TimeLimit:
    """So many seconds from now on; None is no limit."""

    def __init__(self, seconds: float | None) -> None:
        self.seconds = seconds
        self._ends = None if seconds is None else time.monotonic() + seconds

    @property
    def left_s(self) -> float | None:
        """Seconds that are left, 0 at least."""
        return None if self._ends is None else max(0.0, self._ends - time.monotonic())


def run_stoppable(work: Callable[[], T], interrupt: Callable[[], None], limit: TimeLimit) -> T:
    """Return what `work` returns; raise what it raises.

    When it has not ended within the limit, or something is raised in the caller while it waits (KeyboardInterrupt),
    `interrupt` is called until it has ended. Raises QueryError when the time was up.
    """
    ended: _Ended[T] = _Ended()
    threading.Thread(target=ended.hold, args=(work,), name="hopline-query", daemon=True).start()
    try:
        while not ended.event.wait(_LOOK_S if limit.left_s is None else min(_LOOK_S, limit.left_s)):
            if limit.left_s == 0:
                break
    except BaseException:
        ended.hasten(interrupt)
        raise
    if not ended.event.is_set():
        ended.hasten(interrupt)
        if ended.error is not None:
            raise QueryError(
                f"the query was stopped after {limit.seconds:g} s",
                hint="Give it more time, or narrow it down in time or to one service.",
            ) from ended.error
    return ended.result()


class _Ended(Generic[T]):
    """How some work ended.

    The event says that it has: an interrupted `Thread.join` takes a thread that goes on for one that has ended.
    """

    def __init__(self) -> None:
        self.event = threading.Event()
        self.error: BaseException | None = None
        self._values: list[T] = []

    def hold(self, work: Callable[[], T]) -> None:
        """Run the work and keep what comes of it."""
        try:
            self._values.append(work())
        except BaseException as error:  # it is raised again where the work was asked for
            self.error = error
        finally:
            self.event.set()

    def hasten(self, interrupt: Callable[[], None]) -> None:
        """Interrupt the work until it has ended."""
        while not self.event.is_set():
            interrupt()
            self.event.wait(_AGAIN_S)

    def result(self) -> T:
        """Return the value, or raise the error."""
        if self.error is not None:
            raise self.error
        return self._values[0]
