"""Objectives on the command line: what was asked of a failover, and what becomes of the exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hopline.console import say
from ingest.errors import ObjectiveError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hopline.asking import Asking

_OPTIONS = {"max_failover_seconds": "--max-failover-seconds", "max_failed": "--max-failed", "slo": "--slo"}
_QUERY = "SELECT * FROM verdicts ORDER BY objective, service, incident_id::INTEGER"


def check_objectives(session: Asking) -> None:
    """Say how each objective that was asked for came out, on standard error.

    Raises ObjectiveError (exit code 3) when one was missed, or the log leaves open whether it was met.
    """
    if session.options.objectives.are_empty:
        return
    verdicts = session.sql(_QUERY).to_pylist()
    for verdict in verdicts:
        say(f"{verdict['verdict']}: {_describe(verdict)}")
    open_ones = [verdict for verdict in verdicts if verdict["verdict"] != "met"]
    if open_ones:
        raise ObjectiveError(
            f"objectives not met: {len(open_ones)} of {len(verdicts)}",
            hint='hopline sql "SELECT * FROM verdicts" with the same options shows them as rows',
        )


def _describe(verdict: Mapping[str, Any]) -> str:
    whose = verdict["service"] or (f"incident {verdict['incident_id']}" if verdict["incident_id"] else "")
    asked = f"{_OPTIONS[verdict['objective']]} {verdict['limit_value']:g}"
    return ", ".join(filter(None, (asked, whose))) + f": {verdict['note']}"
