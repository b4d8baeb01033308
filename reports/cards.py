"""Cards: the figures at the top of an incident, each with how sure it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reports.amounts import LEAST_WAIT_S, sum_waits
from reports.cases import Case, is_unsettled, measure_incident, measure_outages
from reports.model import Failover
from reports.wording import (
    MINUS,
    write_bytes,
    write_count,
    write_counted,
    write_middle,
    write_ms,
    write_number_word,
    write_seconds,
    write_share,
    write_span,
)


@dataclass(frozen=True)
class Card:
    """One figure: a value, what it is, and how sure it is."""

    value: str
    label: str
    note: str


def make_cards(case: Case, failover: Failover) -> tuple[Card, ...]:
    """Return the figures of one failover; what did not happen has no card."""
    f = failover
    cards: list[Card] = []
    if f.first_spill_latest is not None:
        cards.append(_make_span(f.time_to_spill_min_s, f.time_to_spill_max_s, "to first spill"))
    if f.time_to_full_failover_max_s is not None:
        cards.append(_make_span(f.time_to_full_failover_min_s, f.time_to_full_failover_max_s, "to full failover"))
    cards += _make_stay(case, f)
    if f.time_to_failback_max_s is not None:
        cards.append(_make_span(f.time_to_failback_min_s, f.time_to_failback_max_s, "to fail back"))
    elif f.open_at_end:
        cards.append(Card("open", "at the end of the log", "not recovered"))
    cards.append(_make_failed(case, f.failed, f.requests))
    cards += _make_latency(f)
    return (*cards, *_make_price(case, (f,)))


def make_rollup(case: Case) -> tuple[Card, ...]:
    """Return the figures of several failovers together."""
    incident, failovers = case.incident, case.failovers
    length = measure_incident(case)
    lasted = write_seconds(length) if length is not None else "open"
    services = write_counted(len(incident.services), "service")
    cards = [
        Card(write_count(len(failovers)), "failovers", services),
        Card(lasted, "from first sign to last recovery", incident.kind),
    ]
    full = [
        (f.time_to_full_failover_min_s or 0.0, f.time_to_full_failover_max_s)
        for f in failovers
        if f.time_to_full_failover_max_s is not None
    ]
    if full:
        span = write_span(min(least for least, _ in full), max(greatest for _, greatest in full))
        cards.append(Card(span, "to full failover", f"{len(full)} of {len(failovers)} failovers"))
    cards.append(_make_failed(case, incident.failed, incident.requests))
    served = sum(f.served_by_secondary for f in failovers)
    cards.append(Card(write_count(served), "served elsewhere", "requests during it"))
    relapses = sum(f.relapses for f in failovers)
    if relapses:
        cards.append(Card(write_count(relapses), "relapse" if relapses == 1 else "relapses", "endpoints tried again"))
    return (*cards, *_make_price(case, failovers))


def _make_price(case: Case, failovers: Sequence[Failover]) -> Iterator[Card]:
    """Yield what it cost in time and bytes."""
    waited, crossed = sum_waits(failovers), sum(f.bytes_to_secondary for f in failovers)
    if waited >= LEAST_WAIT_S and case.covered:
        yield Card(write_seconds(waited), "of extra waiting", "over all requests that were answered")
    if crossed:
        others = {f.secondary for f in failovers if f.secondary}
        label = f"to {others.pop() if len(others) == 1 else 'another group'} and back"
        yield Card(write_bytes(crossed), label, "bodies of requests and answers")


def _make_stay(case: Case, f: Failover) -> Iterator[Card]:
    """Yield how long, or how much, another group or nobody served."""
    secondary = f.secondary or "secondary"
    relapses = f"{write_number_word(f.relapses)} relapse{'s' if f.relapses > 1 else ''}"
    if f.time_on_secondary_max_s is not None:
        lasted = write_middle(f.time_on_secondary_min_s, f.time_on_secondary_max_s)
        silent = measure_outages(case, f, inside=True)
        note = f"{write_seconds(silent)} of it without any answer" if silent else relapses
        yield Card(lasted, f"on {secondary}" if not is_unsettled(case) else "until the first failback", note)
    elif f.served_by_secondary:
        share = write_share(f.served_by_secondary, f.requests) if case.covered else ""
        note = f"{share} of the requests during it" if share else "requests during it"
        yield Card(write_count(f.served_by_secondary), f"served by {secondary}", note)
    silent = measure_outages(case, f)
    if silent:
        outages = sum(event.event == "outage" for event in case.events_of(f))
        yield Card(write_seconds(silent), "without any answer", write_counted(outages, "outage"))


def _make_span(least: float | None, greatest: float | None, label: str) -> Card:
    """Return a duration: one number with the span it lies in below, or the span itself."""
    value = write_middle(least, greatest)
    if least == 0:
        return Card(value, label, "between two requests")
    if least is None or greatest is None or " to " in value:
        return Card(value, label, "as narrow as the log allows")
    if value == write_span(least, greatest):
        return Card(value, label, f"± {max(1, round((greatest - least) * 500))} ms")
    return Card(value, label, f"between {write_span(least, greatest).replace(' to ', ' and ')}")


def _make_failed(case: Case, failed: int, requests: int) -> Card:
    codes = {kind.response_code for scene in case.scenes for kind in scene.failure_kinds}
    only = next(iter(codes)) if len(codes) == 1 else None
    named = f", all {only}" if only is not None and failed > 1 else ""
    label = "request failed" if failed == 1 else "requests failed"
    if not case.covered:
        return Card(write_count(failed), label, f"{'errors only' if case.filtered else 'a sample'}, so no share{named}")
    share = f"{write_share(failed, requests)} of {write_count(requests)}" if failed else f"of {write_count(requests)}"
    return Card(write_count(failed), label, f"{share}{named}")


def _make_latency(f: Failover) -> Iterator[Card]:
    if f.p95_ms_during is None:
        return
    label = f"p95 on {f.secondary or 'secondary'}"
    if f.p95_ms_before is None:
        yield Card(write_ms(f.p95_ms_during), label, "none before to compare with")
        return
    change = f.p95_ms_during - f.p95_ms_before
    sign = "+" if change >= 0 else MINUS
    yield Card(sign + write_ms(abs(change)), label, f"{write_ms(f.p95_ms_before)} to {write_ms(f.p95_ms_during)}")
