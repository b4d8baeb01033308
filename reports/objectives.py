"""Objectives in words: what was asked, of what, and what was measured."""

from __future__ import annotations

from reports.model import Verdict
from reports.wording import write_count, write_counted, write_number, write_seconds


def describe_objective(verdict: Verdict) -> str:
    """Return what was asked for, such as `served again within 60 s`."""
    limit = verdict.limit_value
    match verdict.objective:
        case "max_failover_seconds":
            return f"served again within {write_number(limit)} s"
        case "max_failed":
            return f"at most {write_counted(int(limit), 'request')} lost"
        case "slo":
            return f"{write_number(limit)}% of requests not lost"
    return f"{verdict.objective.replace('_', ' ')} {write_number(limit)}"


def describe_subject(verdict: Verdict) -> str:
    """Return what the verdict is about."""
    if verdict.service is not None:
        return verdict.service
    return f"incident {verdict.incident_id}" if verdict.incident_id is not None else "the whole log"


def describe_measure(verdict: Verdict) -> str:
    """Return what was measured: the note of the verdict, or the bare numbers where it has none."""
    if verdict.note is not None:
        return verdict.note
    least, greatest = (_write_value(verdict, value) for value in (verdict.measured_min, verdict.measured_max))
    return least if least == greatest else f"{least} to {greatest}"


def _write_value(verdict: Verdict, value: float | None) -> str:
    if value is None:
        return "unknown"
    match verdict.objective:
        case "max_failover_seconds":
            return write_seconds(value)
        case "max_failed":
            return write_count(int(value))
    return f"{write_number(value)}%"
