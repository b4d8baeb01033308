"""Lanes: where each row of a chart stands, in pixels from the top and in plotly's shares from the bottom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_ABOVE, _BOTTOM, _TOP = 26, 44, 8


@dataclass(frozen=True)
class Lane:
    """One row of a chart: its height and the room above it for a caption, in pixels."""

    name: str
    height: int
    above: int = _ABOVE


@dataclass(frozen=True)
class Stack:
    """Lanes from top to bottom, and the margins around all of them, in pixels."""

    placed: tuple[tuple[Lane, float, float], ...]
    height: int
    top: int
    bottom: int

    @property
    def lanes(self) -> tuple[str, ...]:
        """The names of the lanes, from the top."""
        return tuple(lane.name for lane, _, _ in self.placed)

    @property
    def lowest(self) -> str:
        """The y axis of the last lane."""
        return self.axis(self.lanes[-1])

    def has(self, name: str) -> bool:
        """Say whether there is such a lane."""
        return name in self.lanes

    def axis(self, name: str) -> str:
        """Return plotly's name for the y axis of a lane: y, y2, ..."""
        number = self.lanes.index(name) + 1
        return "y" if number == 1 else f"y{number}"

    def layout_name(self, name: str) -> str:
        """Return the key of that axis in the layout: yaxis, yaxis2, ..."""
        return f"yaxis{self.axis(name)[1:]}"

    def domain(self, name: str) -> list[float]:
        """Return the lane's share of the plot's height, from the bottom."""
        return next([low, high] for lane, low, high in self.placed if lane.name == name)


def stack_lanes(lanes: Sequence[Lane]) -> Stack:
    """Return lanes stacked from the top; the room above the first is the upper margin."""
    top = _TOP + lanes[0].above
    inner = sum(lane.height for lane in lanes) + sum(lane.above for lane in lanes[1:])
    placed = []
    y = 0
    for number, lane in enumerate(lanes):
        y += lane.above if number else 0
        placed.append((lane, round(1 - (y + lane.height) / inner, 6), round(1 - y / inner, 6)))
        y += lane.height
    return Stack(tuple(placed), inner + top + _BOTTOM, top, _BOTTOM)
