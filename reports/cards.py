"""Cards: the figures at the top of an incident, each with how sure it is."""

from __future__ import annotations

from dataclasses import dataclass

from reports.cases import Case, measure_incident
from reports.model import Failover
from reports.wording import (
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


def make_cards(case: Case, f: Failover) -> list[Card]:
    secondary = f.secondary or "secondary"
    cards = []
    if f.first_spill_latest is not None:
        cards.append(_span_card(f.time_to_spill_min_s, f.time_to_spill_max_s, "to first spill"))
    if f.full_failover_latest is not None and f.time_to_full_failover_max_s is not None:
        cards.append(_span_card(f.time_to_full_failover_min_s, f.time_to_full_failover_max_s, "to full failover"))
    relapses = f"{write_number_word(f.relapses)} relapse{'' if f.relapses == 1 else 's'}"
    if f.time_on_secondary_max_s is not None:
        cards.append(
            Card(write_middle(f.time_on_secondary_min_s, f.time_on_secondary_max_s), f"on {secondary}", relapses)
        )
    elif f.served_by_secondary:
        share = write_share(f.served_by_secondary, f.requests) if case.covered else ""
        note = f"{share} of the requests during it" if share else "requests during it"
        cards.append(Card(write_count(f.served_by_secondary), f"served by {secondary}", note))
    outages = [e for e in case.events_of(f) if e.event == "outage" and e.latest and e.until_latest]
    if outages:
        length = sum((e.until_latest - e.latest).total_seconds() for e in outages if e.until_latest and e.latest)
        cards.append(Card(write_seconds(length), "without any answer", write_counted(len(outages), "outage")))
    if f.time_to_failback_max_s is not None:
        cards.append(_span_card(f.time_to_failback_min_s, f.time_to_failback_max_s, "to fail back"))
    elif f.open_at_end:
        cards.append(Card("open", "at the end of the log", "not recovered"))
    cards.append(_failed_card(case, f.failed, f.requests))
    if f.p95_ms_during is not None:
        if f.p95_ms_before is not None:
            change = f.p95_ms_during - f.p95_ms_before
            value = f"{'+' if change >= 0 else '−'}{write_ms(abs(change))}"
            cards.append(
                Card(value, f"p95 on {secondary}", f"{write_ms(f.p95_ms_before)} to {write_ms(f.p95_ms_during)}")
            )
        else:
            cards.append(Card(write_ms(f.p95_ms_during), f"p95 on {secondary}", "none before to compare"))
    return cards


def _span_card(least: float | None, greatest: float | None, label: str) -> Card:
    middle = write_middle(least, greatest)
    if least is None or greatest is None or middle == write_span(least, greatest):
        half = (greatest - least) / 2 if least is not None and greatest is not None else 0
        return Card(
            middle,
            label,
            f"± {max(1, round(half * 1000))} ms" if 0 < half < 1 and " to " not in middle else "after onset",
        )
    return Card(middle, label, f"between {write_span(least, greatest).replace(' to ', ' and ')}")


def _failed_card(case: Case, failed: int, requests: int) -> Card:
    codes = sorted({str(k.response_code) for s in case.scenes for k in s.failure_kinds if k.response_code is not None})
    named = f", all {codes[0]}" if len(codes) == 1 and failed > 1 else ""
    if not case.covered:
        return Card(write_count(failed), "requests failed", f"no share: the log is filtered{named}")
    share = f"{write_share(failed, requests)} of {write_count(requests)}" if requests else ""
    return Card(write_count(failed), "request failed" if failed == 1 else "requests failed", f"{share}{named}")


def make_rollup(case: Case) -> list[Card]:
    incident, failovers = case.incident, case.failovers
    length = measure_incident(case)
    complete = [f for f in failovers if f.time_to_full_failover_max_s is not None]
    cards = [
        Card(write_count(len(failovers)), "failovers", f"{write_counted(len(incident.services), 'service')}"),
        Card(
            write_seconds(length) if length is not None else "open", "from first sign to last recovery", incident.kind
        ),
    ]
    if complete:
        least = min(f.time_to_full_failover_min_s or 0.0 for f in complete)
        greatest = max(f.time_to_full_failover_max_s or 0.0 for f in complete)
        cards.append(
            Card(write_span(least, greatest), "to full failover", f"{len(complete)} of {len(failovers)} failovers")
        )
    cards.append(_failed_card(case, incident.failed, incident.requests))
    served = sum(f.served_by_secondary for f in failovers)
    cards.append(Card(write_count(served), "served elsewhere", "requests during it"))
    relapses = sum(f.relapses for f in failovers)
    if relapses:
        cards.append(Card(write_count(relapses), "relapse" if relapses == 1 else "relapses", "endpoints tried again"))
    return cards
