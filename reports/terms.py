"""Terms: the words that a report uses and how they are decided, with the thresholds of that report."""

from __future__ import annotations

from reports.model import Choices
from reports.wording import write_counted, write_seconds


def define_terms(choices: Choices) -> tuple[tuple[str, str], ...]:
    """Return (term, meaning) pairs in the order in which a reader meets them."""
    return (
        ("failed", "The caller lost the request through the upstream side. A client that left is not counted."),
        (
            "primary",
            "The group of endpoints that should serve: as declared or asked for, else as the traffic was in health.",
        ),
        (
            "failover",
            "A period in which requests of the primary group were served by another group, or failed for want of a "
            "healthy one; as one proxy saw it, for one service." + _end_of_failover(choices),
        ),
        ("incident", "Failovers that overlap in time and share a service or an endpoint group."),
        (
            "between, ±",
            "An instant is an interval, because a log only shows requests: it lies after the last entry that does not "
            "show it yet and not after the first that does. A duration lies between the least and the greatest time "
            "between two such intervals.",
        ),
        ("onset", "The first sign on the primary: a symptom, which may come before or after the fault itself."),
        ("first spill", "The first request that was sent to another group."),
        (
            "full failover",
            f"From here the primary serves {_write_percent(choices.full_share)} of the requests, until the failback.",
        ),
        ("relapse", "The primary was tried again and lost requests again."),
        ("outage", "Nobody answered: neither the primary nor another group."),
        ("first failback", "The first request back on the primary, after the failover was full."),
        ("recovered", "From here the share of the primary is back at what it was, and stays."),
        (
            "shares",
            "A request counts at the endpoint of its last attempt and in the moment at which it began; long streams do "
            "not count in shares and percentiles.",
        ),
        (
            "extra waiting",
            "What answered requests took longer than as many did on average in the five minutes before, added up.",
        ),
        (
            "ejected",
            "Outlier detection took the endpoint out of the rotation: as its event log says (dotted), or as the "
            "traffic looks (dashed).",
        ),
        (
            "coverage",
            "Full: nothing suggests that entries are missing. Sampled or errors only: the log is not the traffic, so "
            "shares are withheld.",
        ),
    )


def _end_of_failover(choices: Choices) -> str:
    if choices.hold_down_s is None or choices.hold_down_requests is None or choices.merge_gap_s is None:
        return ""
    held = f"{write_seconds(choices.hold_down_s)} and {write_counted(choices.hold_down_requests, 'request')}"
    return (
        f" It is over when the primary has served alone for {held}; two closer than "
        f"{write_seconds(choices.merge_gap_s)} count as one."
    )


def _write_percent(share: float | None) -> str:
    return "next to none" if share is None else f"at most {100 * share:.6g}%"
