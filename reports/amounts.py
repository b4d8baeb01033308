"""Amounts: what failovers cost, as words and as tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reports.cases import Case
from reports.costs import ErrorBudget, Loss, PhaseCost
from reports.model import Failover, Report
from reports.tables import Table
from reports.wording import (
    join_words,
    write_bytes,
    write_capital,
    write_count,
    write_counted,
    write_ms,
    write_number,
    write_seconds,
    write_signed,
)

#: Less waiting than this, in seconds, is not worth a word.
LEAST_WAIT_S = 0.001


def sum_waits(failovers: Sequence[Failover]) -> float:
    """Return the seconds that users waited longer in several failovers together, as far as that is known."""
    return sum(f.extra_wait_s for f in failovers if f.extra_wait_s is not None)


def describe_price(failovers: Sequence[Failover], *, covered: bool) -> str:
    """Return what failovers cost in time and bytes, for a sentence; empty where that is nothing, or not known.

    Where the log does not hold every request (not `covered`) no sum of it means anything.
    """
    if not covered:
        return ""
    waited, crossed = sum_waits(failovers), sum(f.bytes_to_secondary for f in failovers)
    parts = []
    if waited >= LEAST_WAIT_S:
        parts.append(f"users waited {write_seconds(waited)} longer in all than as many requests took before")
    if crossed:
        groups = join_words(sorted({f.secondary for f in failovers if f.secondary})) or "another group"
        parts.append(f"{write_bytes(crossed)} crossed to {groups} and back")
    return f"{write_capital(', and '.join(parts))}." if parts else ""


def describe_baseline(case: Case, failover: Failover) -> str:
    """Return what the waiting in the table of costs is measured against."""
    means = [cost.baseline_ms for cost in case.costs_of(failover) if cost.baseline_ms is not None]
    if not means or not case.covered:
        return "What each phase cost: bodies of requests and answers that crossed to another group and back."
    primary = failover.primary or "the primary"
    return (
        f"What each phase cost, beside {write_ms(means[0])} on average on {primary} in the five minutes before; "
        "waiting is summed over all requests answered."
    )


def tabulate_costs(case: Case, failover: Failover) -> Table | None:
    """Return what each phase of a failover cost, with its sum; columns that would say nothing are left out."""
    costs = case.costs_of(failover)
    timed = case.covered and any(cost.extra_wait_s is not None for cost in costs)
    crossed = any(cost.bytes_to_secondary for cost in costs)
    if not timed and not crossed:
        return None
    secondary = failover.secondary or "others"
    split = timed and any(_is_split(cost) for cost in costs)
    head = [
        "phase",
        *(("extra waiting",) if timed else ()),
        *((f"of it on {secondary}",) if split else ()),
        *(("extra p50 (ms)", "extra p95 (ms)", "extra p99 (ms)") if timed else ()),
        *((f"to {secondary} and back",) if crossed else ()),
    ]
    labels = {phase.seq: phase.label for phase in case.phases_of(failover)}

    def write_row(label: str, cost: PhaseCost) -> tuple[str, ...]:
        return (
            label,
            *((_write_wait(cost.extra_wait_s),) if timed else ()),
            *((_write_wait(cost.extra_wait_secondary_s),) if split else ()),
            *(map(_write_extra, (cost.extra_p50_ms, cost.extra_p95_ms, cost.extra_p99_ms)) if timed else ()),
            *((write_bytes(cost.bytes_to_secondary) if cost.bytes_to_secondary else "-",) if crossed else ()),
        )

    rows = [write_row(labels.get(cost.seq, cost.phase), cost) for cost in costs]
    if len(costs) > 1:
        rows.append(write_row("in all", _add_up(costs)))
    return Table(tuple(head), tuple(rows), tuple(range(1, len(head))))


def _add_up(costs: Sequence[PhaseCost]) -> PhaseCost:
    """Return the costs of several phases together; percentiles do not add up."""
    return replace(
        costs[0],
        extra_wait_s=sum(cost.extra_wait_s or 0.0 for cost in costs),
        extra_wait_secondary_s=sum(cost.extra_wait_secondary_s or 0.0 for cost in costs),
        extra_p50_ms=None,
        extra_p95_ms=None,
        extra_p99_ms=None,
        bytes_to_secondary=sum(cost.bytes_to_secondary for cost in costs),
    )


def _is_split(cost: PhaseCost) -> bool:
    """Say whether requests of the primary account for a good part of the waiting, or of the time that was saved."""
    if cost.extra_wait_s is None or cost.extra_wait_secondary_s is None:
        return False
    elsewhere = abs(cost.extra_wait_s - cost.extra_wait_secondary_s)
    return elsewhere >= max(10 * LEAST_WAIT_S, 0.2 * abs(cost.extra_wait_s))


def _write_wait(seconds: float | None) -> str:
    return "-" if seconds is None else write_signed(seconds, write_seconds, LEAST_WAIT_S / 2)


def _write_extra(ms: float | None) -> str:
    return "-" if ms is None else write_signed(ms, lambda value: f"{value:,.0f}", 0.5)


def describe_savings(case: Case, failover: Failover) -> str:
    """Return how many lost requests a retry would have saved, or why that is not told; empty where none was lost."""
    losses = case.losses_of(failover)
    told = [loss for loss in losses if loss.saved_by_retry is not None]
    if not losses:
        return ""
    if not told:
        return (
            "What was lost in each phase. What a retry would have saved is not known, as attempts "
            "(%UPSTREAM_REQUEST_ATTEMPT_COUNT%) are not logged."
        )
    saved, lost = sum(loss.saved_by_retry or 0 for loss in told), sum(loss.failed for loss in told)
    return (
        f"What was lost in each phase. A retry would have saved {write_count(saved)} of "
        f"{write_counted(lost, 'request')} of which attempts are logged: they were lost at the only attempt, could be "
        "sent again without harm, and others were answered in the same second."
    )


def tabulate_losses(case: Case, failover: Failover) -> Table | None:
    """Return the lost requests of a failover by phase, flags and group, with the paths that lost most."""
    losses = case.losses_of(failover)
    if not losses:
        return None
    told = any(loss.saved_by_retry is not None for loss in losses)
    labels = {phase.seq: phase.label for phase in case.phases_of(failover)}
    rows = [
        (
            labels.get(loss.seq, loss.phase),
            loss.flags or loss.outcome.replace("_", " "),
            loss.endpoint_group or "no endpoint",
            write_count(loss.failed),
            *((("-" if loss.saved_by_retry is None else write_count(loss.saved_by_retry)),) if told else ()),
            _list_paths(loss),
        )
        for loss in losses
    ]
    head = ("phase", "flags", "sent to", "lost", *(("saved by a retry",) if told else ()), "on")
    return Table(head, tuple(rows), (3, 4) if told else (3,))


def _list_paths(loss: Loss) -> str:
    named = [f"{' '.join(filter(None, (path.method, path.path))) or 'unknown'} ({path.failed:,})" for path in loss.most]
    more = loss.paths - len(loss.most)
    return ", ".join([*named, *((write_counted(more, "more path"),) if more > 0 else ())])


def tabulate_budgets(report: Report) -> Table | None:
    """Return how much of each service's error budget each failover used; None where no `--slo` was asked."""
    incidents = {f.failover_id: f.incident_id for f in report.failovers}
    rows = [
        (
            budget.service or "unknown service",
            _place_budget(budget, incidents),
            write_count(budget.failed),
            f"{_write_budget(budget.budget)} of {write_count(budget.requests)}",
            _write_used(budget),
        )
        for budget in report.error_budgets
        if budget.failed or budget.failover_id is not None
    ]
    head = ("error budget of", "used in", "lost", "may be lost", "of the budget")
    return Table(head, tuple(rows), (2, 3, 4)) if rows else None


def _place_budget(budget: ErrorBudget, incidents: dict[str, str]) -> str:
    if budget.failover_id is None:
        return "other times"
    incident = incidents.get(budget.failover_id)
    return f"failover {budget.failover_id}" + (f" of incident {incident}" if incident else "")


def _write_budget(requests: float) -> str:
    return write_count(round(requests)) if requests >= 99.5 else write_number(round(requests, 1))


def _write_used(budget: ErrorBudget) -> str:
    if budget.budget_share is None:
        return "nothing may be lost"
    percent = 100 * budget.budget_share
    return f"{percent:,.0f}%" if percent >= 10 or percent == round(percent) else f"{percent:.1f}%"
