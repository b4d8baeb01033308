"""Clocks in words: how far those of two proxies are apart, and what that leaves open."""

from __future__ import annotations

from collections.abc import Iterator

from reports.ground import ClockSkew
from reports.model import Report
from reports.tables import Table
from reports.wording import join_words, write_count, write_counted, write_gateway, write_ms

#: Clocks that are closer than this may be taken to agree, as the view `clock_skews` does.
_APART_MS = 250
#: So many joins, and so large a part of all, must disagree before a clock is thought to have been set.
_LEAST_CONFLICTS = 3
_LEAST_CONFLICT_SHARE = 0.1
_MOST_PAIRS = 3

CLOCKS_HINT = (
    "Clocks, by what two proxies both logged: a connection lies around its requests, and what was called lies within "
    "the call."
)


def tabulate_clocks(report: Report) -> Table | None:
    """Return the pairs of proxies whose clocks can be compared; None where there are none."""
    rows = tuple(
        (
            name_callee(skew),
            name_caller(skew),
            describe_offset(skew),
            describe_ground(skew),
        )
        for skew in report.clock_skews
    )
    return Table(("clock of", "beside that of", "is", "as"), rows) if rows else None


def name_caller(skew: ClockSkew) -> str:
    """Return the proxy that called."""
    return write_gateway(skew.cluster_id, skew.gateway, skew.proxy)


def name_callee(skew: ClockSkew) -> str:
    """Return the proxy that was called."""
    return write_gateway(skew.callee_cluster_id, skew.callee_gateway, skew.callee_proxy)


def describe_offset(skew: ClockSkew) -> str:
    """Return how the callee's clock stands to the caller's: `480 to 520 ms ahead`."""
    least, greatest = skew.offset_min_ms, skew.offset_max_ms
    if least >= 0:
        return f"{_write_span(least, greatest)} ahead" if greatest else "the same"
    if greatest <= 0:
        return f"{_write_span(-greatest, -least)} behind"
    return f"between {write_ms(-least)} behind and {write_ms(greatest)} ahead"


def _write_span(least: int, greatest: int) -> str:
    if not least:
        return f"at most {write_ms(greatest)}"
    return write_ms(least) if least == greatest else f"{write_ms(least)} to {write_ms(greatest)}"


def describe_ground(skew: ClockSkew) -> str:
    """Return what an offset rests on: `19 connections agree, 2 do not`."""
    kind = "connection" if skew.basis == "exact" else "request"
    agree = f"{write_counted(skew.joins, kind)} {'agrees' if skew.joins == 1 else 'agree'}"
    if not skew.conflicts:
        return agree
    return f"{agree}, {write_count(skew.conflicts)} {'does' if skew.conflicts == 1 else 'do'} not"


def ask_about_clocks(report: Report) -> Iterator[str]:
    """Yield what clocks that are far apart, or were set within the log, leave open."""
    for skew in [skew for skew in report.clock_skews if _is_apart(skew)][:_MOST_PAIRS]:
        yield (
            f"Whose clock is right: beside that of {name_caller(skew)}, that of {name_callee(skew)} is "
            f"{describe_offset(skew)} ({describe_ground(skew)}). Each time here is as its own proxy logged it."
        )
    torn = [skew for skew in report.clock_skews if _is_torn(skew)]
    if torn:
        pairs = [f"{name_callee(skew)} or {name_caller(skew)} ({describe_ground(skew)})" for skew in torn[:_MOST_PAIRS]]
        more = f" and {write_counted(len(torn) - _MOST_PAIRS, 'more pair')}" if len(torn) > _MOST_PAIRS else ""
        yield (
            f"Whether a clock was set anew within the log, at {join_words(pairs)}{more}: what does not agree was not "
            "matched, so that requests behind a gateway may lack their pod."
        )


def _is_apart(skew: ClockSkew) -> bool:
    return max(skew.offset_min_ms, -skew.offset_max_ms) > _APART_MS


def _is_torn(skew: ClockSkew) -> bool:
    return skew.conflicts >= max(_LEAST_CONFLICTS, _LEAST_CONFLICT_SHARE * (skew.joins + skew.conflicts))
