"""The canvas: a figure while it is drawn, and the words and numbers that every lane writes alike."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from reports.charts.lanes import Stack
from reports.model import Event, Failover, Incident, Mark, Phase
from reports.series import EndpointSeries, GroupSeries, Scene
from reports.wording import make_visible, shorten

#: An endpoint group and its role: what a colour belongs to.
GroupKey = tuple[str | None, str]


@dataclass(frozen=True)
class Subject:
    """What a chart shows besides the scene: its failovers with their phases and events, marks, all incidents."""

    scene: Scene
    failovers: Sequence[Failover] = ()
    phases: Sequence[Phase] = ()
    events: Sequence[Event] = ()
    incidents: Sequence[Incident] = ()
    marks: Sequence[Mark] = ()


@dataclass(frozen=True)
class Key:
    """One entry of the legend. `group` names the traces that it hides; None where it only explains a line."""

    group: str | None
    label: str
    colour: str
    shape: str = "box"


@dataclass
class Canvas:
    """A figure while it is drawn: traces, shapes and notes are plotly's, `bands` names the rows of phases.

    `closer` is True for a close-up, which also shows single requests.
    """

    scene: Scene
    zone: timezone
    stack: Stack
    colours: dict[GroupKey, str]
    bands: tuple[str, ...] = ()
    closer: bool = False
    traces: list[Any] = field(default_factory=list)
    shapes: list[dict[str, Any]] = field(default_factory=list)
    notes: list[dict[str, Any]] = field(default_factory=list)
    keys: list[Key] = field(default_factory=list)

    @property
    def width_ms(self) -> float:
        """The width of a bin in milliseconds."""
        return self.scene.bin_s * 1000

    @property
    def unit(self) -> tuple[str, float]:
        """The unit of rates that gives readable numbers: its name and its length in seconds."""
        busiest = max((sum(g.requests[n] for g in self.scene.groups) for n in range(self.scene.bins)), default=0)
        for name, seconds in (("second", 1.0), ("minute", 60.0)):
            if busiest / self.scene.bin_s * seconds >= 2:
                return name, seconds
        return "hour", 3600.0

    @property
    def top(self) -> float:
        """The upper end of the traffic axis."""
        totals = [sum(g.requests[n] for g in self.scene.groups) for n in range(self.scene.bins)]
        return max(*self.rates(totals), 1e-6) * 1.04

    def at(self, moment: datetime) -> str:
        """Return the wall-clock time that plotly, which knows no zones, is told."""
        return write_moment(moment, self.zone)

    def clock(self, moment: datetime) -> str:
        """Return the time of day of a moment."""
        return self.at(moment)[11:]

    def clamp(self, moment: datetime) -> datetime:
        """Return the moment, or the end of the chart that is next to it."""
        return min(max(moment, self.scene.starts), self.scene.ends)

    def shows(self, moment: datetime) -> bool:
        """Say whether a moment is on the chart."""
        return self.scene.starts <= moment <= self.scene.ends

    def places(self, shift: float = 0.0) -> dict[str, Any]:
        """Return where the bins begin as plotly wants evenly spaced values; `shift` 0.5 gives their middles."""
        first = self.scene.starts + timedelta(seconds=self.scene.bin_s * shift)
        return {"x0": self.at(first), "dx": self.width_ms}

    def bin_at(self, number: int, shift: float = 0.0) -> str:
        """Return where one bin begins, or another place in it."""
        return self.at(self.scene.starts + timedelta(seconds=self.scene.bin_s * (number + shift)))

    def width(self) -> float | list[float]:
        """Return the width of all bins, or of each where the last is shorter."""
        widths = self.widths_ms()
        return widths[0] if len(set(widths)) == 1 else widths

    def widths_ms(self) -> list[float]:
        """Return the length of each bin; the log may end within the last, which counts as half a bin at least.

        Where next to all of it is there it counts as whole: the log ends at its last request, not a moment later.
        """
        begins = self.scene.starts + timedelta(seconds=self.scene.bin_s * (self.scene.bins - 1))
        last = (self.scene.ends - begins) / timedelta(milliseconds=1)
        whole = last >= 0.8 * self.width_ms
        return [self.width_ms] * (self.scene.bins - 1) + [self.width_ms if whole else max(last, self.width_ms / 2)]

    def rates(self, counts: Sequence[int]) -> list[float]:
        """Return the counts of all bins as rates in `unit`."""
        unit_ms = self.unit[1] * 1000
        return [round_number(n * unit_ms / ms) for n, ms in zip(counts, self.widths_ms(), strict=True)]


def write_moment(moment: datetime, zone: timezone) -> str:
    """Return a moment as plotly writes times: wall-clock time of a zone, to the millisecond."""
    return moment.astimezone(zone).replace(tzinfo=None).isoformat(" ", timespec="milliseconds")


def write_label(text: str | None, limit: int = 40) -> str:
    """Return text of a log as a label in which nothing is markup: plotly reads some HTML, and %{...} in templates."""
    plain = shorten(make_visible(text or "unknown"), limit)
    return html.escape(plain, quote=True).replace("%{", "%&#123;")


def name_group(group: GroupSeries | EndpointSeries) -> str:
    """Return the name of a group of endpoints; requests without one have found no endpoint, or nothing tells."""
    if group.endpoint_group is None:
        return "no endpoint" if group.group_role == "none" else "unknown group"
    return group.endpoint_group


def round_number(value: float) -> float:
    """Return a number with the five digits that a chart can show."""
    return float(f"{value:.5g}")
