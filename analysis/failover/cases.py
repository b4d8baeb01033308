"""A case: one failover on its way through the passes of the judge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.failover.instants import Event, Interval
from analysis.failover.phases import Phase
from analysis.failover.spans import Span
from analysis.failover.stretches import SECOND, Route, Stretch
from analysis.failover.triggers import Trigger

#: How long a failover without full failover is looked at for what set it off.
FIRST_US = 60 * SECOND


@dataclass(frozen=True)
class Case:
    """One failover on its way through the passes."""

    route: Route
    stretches: Sequence[Stretch]
    span: Span
    primary: str | None
    primary_basis: str
    events: tuple[Event, ...] = ()
    phases: tuple[Phase, ...] = ()
    trigger: Trigger | None = None
    secondary: str | None = None

    def at(self, name: str) -> Interval | None:
        """Return when an event happened; None if it did not."""
        return next((event.at for event in self.events if event.name == name), None)

    @property
    def kind(self) -> str:
        """The highest phase that it reached: partial, complete or outage."""
        if self.span.outages:
            return "outage"
        return "complete" if self.span.full is not None else "partial"

    @property
    def first_request(self) -> int:
        """Start of the first request that belongs to the failover."""
        if self.span.began_before_start:
            return self.stretches[0].start
        began = [event.began for event in self.events if event.began is not None]
        return min(began, default=self.stretches[self.span.onset].start)

    @property
    def last_request(self) -> int:
        """Start of the last request that belongs to the failover."""
        recovered, error = self.at("recovered"), self.at("last_primary_error")
        if recovered is None or recovered.before is None:
            return self.stretches[-1].end + SECOND - 1
        return max(recovered.before.start, error.before.start if error and error.before else 0)

    @property
    def spilled(self) -> int:
        """When the spill had taken its final shape: full failover, or a minute after the first request."""
        full = self.at("full_failover")
        return full.latest if full else min(self.last_request + 1, self.first_request + FIRST_US)
