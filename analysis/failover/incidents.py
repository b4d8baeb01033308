"""Incidents: failovers that overlap in time and share a service or an endpoint group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Extent:
    """What decides whether two failovers belong together; times in microseconds, `end` None while open."""

    start: int
    end: int | None
    service: str
    groups: frozenset[str]


def group_incidents(extents: Sequence[Extent]) -> list[int]:
    """Return the number of the incident (from 1, by start) of each extent, in the order given."""
    parent = list(range(len(extents)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    order = sorted(range(len(extents)), key=lambda i: extents[i].start)
    live: list[int] = []
    for i in order:
        one = extents[i]
        live = [j for j in live if _end(extents[j]) >= one.start]
        for j in live:
            other = extents[j]
            if other.service == one.service or other.groups & one.groups:
                parent[root(i)] = root(j)
        live.append(i)
    numbers: dict[int, int] = {}
    for i in order:
        numbers.setdefault(root(i), len(numbers) + 1)
    return [numbers[root(i)] for i in range(len(extents))]


def _end(extent: Extent) -> float:
    return float("inf") if extent.end is None else extent.end
