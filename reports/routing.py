"""Routing in words: what it made of each ejection, and whether the split followed them."""

from __future__ import annotations

from datetime import datetime

from reports.cases import Case
from reports.costs import EjectionEffect
from reports.model import Failover
from reports.tables import Table
from reports.wording import write_count, write_counted, write_seconds

SPILLS_HINT = (
    "The share of requests that should have gone elsewhere by Envoy's rule (1.4 times the healthy part stays), and the "
    "share that did, whenever the same endpoints were ejected for a second or more."
)


def describe_stragglers(effect: EjectionEffect) -> str:
    """Return whether requests still went to an ejected endpoint; empty where it is their absence that told of it."""
    if effect.basis != "logged":
        return ""
    if effect.last_routed_at is None or not effect.stragglers:
        return "no request went there any more"
    lasted = _measure(effect.ejected_at, effect.last_routed_at)
    lost = _write_lost(effect.stragglers, effect.stragglers_failed)
    return f"requests still went there for {lasted}: {lost}"


def describe_return(effect: EjectionEffect) -> str:
    """Return how an endpoint fared when it was back; empty where it did not come back within the log."""
    if effect.unejected_at is None:
        return ""
    again = ""
    if effect.next_ejected_at is not None:
        again = f"; ejected again after {_measure(effect.unejected_at, effect.next_ejected_at)}"
    if not effect.tried or effect.first_routed_at is None:
        return f"no request tried it{again}"
    return f"tried after {_measure(effect.unejected_at, effect.first_routed_at)}: " + (
        f"{_write_lost(effect.tried, effect.tried_failed)}{again or ' in ten seconds'}"
    )


def _measure(begin: datetime, end: datetime) -> str:
    return write_seconds(max(0.0, (end - begin).total_seconds()))


def _write_lost(requests: int, failed: int) -> str:
    if not failed:
        return f"{write_counted(requests, 'request')}, none lost"
    if failed == requests:
        return f"{write_counted(requests, 'request')}, {'it was' if requests == 1 else 'all'} lost"
    return f"{write_counted(requests, 'request')}, {write_count(failed)} lost"


def tabulate_spills(case: Case, failover: Failover) -> Table | None:
    """Return the expected and the observed share for each time in which the same endpoints were ejected."""
    spills = case.spills_of(failover)
    if not spills or not case.covered:
        return None
    rows = tuple(
        (
            case.clock.write(spill.since),
            _measure(spill.since, spill.until),
            f"{write_count(spill.ejected)} of {write_count(spill.endpoints)}",
            f"{100 * spill.expected_share:.0f}%",
            "-" if spill.observed_share is None else f"{100 * spill.observed_share:.0f}%",
            write_count(spill.requests),
        )
        for spill in spills
    )
    return Table(
        (f"from ({case.clock.zone_name})", "lasted", "ejected", "should go elsewhere", "went elsewhere", "requests"),
        rows,
        (1, 2, 3, 4, 5),
    )
