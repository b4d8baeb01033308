"""What must be said of each incident: the table in expectations.toml as values."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

HOME = Path(__file__).parents[2]

#: The instants of a failover, in the order in which they usually come.
INSTANTS = ("onset", "first_spill", "full_failover", "last_primary_error", "first_failback", "recovered")


@dataclass(frozen=True)
class Expected:
    """One failover that must be found. Its instants come from what the clients recorded, not from here."""

    kind: str
    #: Any of these is right; the first is what was really done.
    trigger: tuple[str, ...]
    proxy: str = "ingress-1"
    primary: str = "cluster1"
    secondary: str | None = "cluster2"
    open_at_end: bool = False
    began_before_start: bool = False
    #: Instants that the clients cannot tell, each with the reason; they are shown, not judged.
    unjudged: Mapping[str, str] = field(default_factory=dict)

    @property
    def absent(self) -> frozenset[str]:
        """The instants that must not be there: they did not happen, or not within the log."""
        names: set[str] = set()
        if self.kind == "partial":
            names |= {"full_failover", "first_failback"}
        if self.began_before_start:
            names |= {"onset", "first_spill"}
        if self.open_at_end:
            names |= {"recovered"}
        return frozenset(names)


@dataclass(frozen=True)
class Cut:
    """How an incident is derived from a recorded one: seconds count from the first fault."""

    kind: str
    since_s: float = 0.0
    until_s: float = 0.0
    one_in: int = 1


@dataclass(frozen=True)
class Incident:
    """One incident: its folder, what happened, and the failovers that must be found in it (none: it is calm)."""

    name: str
    folder: Path
    what: str
    failovers: tuple[Expected, ...]
    cut: Cut | None = None


@cache
def load_incidents() -> tuple[Incident, ...]:
    """Read expectations.toml."""
    table = tomllib.loads((Path(__file__).parent / "expectations.toml").read_text())
    return tuple(_incident(**row) for row in table["incident"])


def _incident(
    name: str,
    folder: str,
    what: str,
    failover: list[dict[str, Any]] | None = None,
    cut: dict[str, Any] | None = None,
) -> Incident:
    expected = [Expected(**{**one, "trigger": tuple(one["trigger"])}) for one in failover or ()]
    return Incident(name, HOME / folder, what, tuple(expected), Cut(**cut) if cut else None)
