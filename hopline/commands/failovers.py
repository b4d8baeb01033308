"""`hopline failovers`: what failed over, when, and how sure that is."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from hopline.commands.outputs import Output, Redact, RedactKey
from hopline.console import say
from hopline.moments import check_zone
from hopline.objectives import check_objectives
from hopline.redaction import choose_redaction, redact_session
from hopline.selection import Selection, takes_logs
from hopline.silence import explain_no_failover
from hopline.story import write_story
from hopline.writers import TableFormat, choose_format, write_table


class RollUp(StrEnum):
    """What failovers can be gathered by."""

    INCIDENT = "incident"
    SERVICE = "service"
    PROXY = "proxy"


_EVERYTHING = "SELECT * FROM failovers ORDER BY onset_latest, failover_id"
_FOR_EYES = """
SELECT failover_id, proxy, service, service_port AS port, "primary", secondary, kind, trigger,
       onset_latest AS onset, time_to_spill_max_s AS spill_s, time_to_full_failover_max_s AS full_s,
       time_on_secondary_max_s AS on_secondary_s, recovered_latest AS recovered, requests, failed, relapses
FROM failovers ORDER BY onset_latest, failover_id
"""
_SUMS = """
       count(*)::BIGINT AS failovers,
       min(onset_earliest) AS first_onset_earliest, min(onset_latest) AS first_onset_latest,
       sum(time_on_secondary_min_s) AS time_on_secondary_min_s, sum(time_on_secondary_max_s) AS time_on_secondary_max_s,
       sum(requests)::BIGINT AS requests, sum(failed)::BIGINT AS failed,
       sum(served_by_secondary)::BIGINT AS served_by_secondary, sum(relapses)::BIGINT AS relapses,
       (count(*) FILTER (open_at_end))::BIGINT AS open_at_end
FROM failovers GROUP BY ALL
"""
_ROLLED_UP = {
    RollUp.INCIDENT: "SELECT * FROM incidents ORDER BY started_latest, incident_id",
    RollUp.SERVICE: f"SELECT service, service_port, {_SUMS} ORDER BY service, service_port",
    RollUp.PROXY: f"SELECT cluster_id, gateway, proxy, {_SUMS} ORDER BY cluster_id, gateway, proxy",
}


@takes_logs
def failovers(
    selection: Selection,
    *,
    by: Annotated[
        RollUp | None, typer.Option(help="One row per incident, service or proxy.", show_default=False)
    ] = None,
    output: Output = None,
    format_: Annotated[
        TableFormat | None,
        typer.Option(
            "-f",
            "--format",
            help="Format; without it, what the name of the output says, else a drawn timeline of each failover.",
            show_default=False,
        ),
    ] = None,
    tz: Annotated[
        str | None, typer.Option(metavar="ZONE", help="Time zone of the drawn timeline.", show_default="UTC")
    ] = None,
    redact: Redact = None,
    redact_key: RedactKey = None,
) -> None:
    """Show each failover: its phases, its instants with how sure they are, and the log lines that prove them.

    A table shows the most useful columns; the other formats hold all of them, times as earliest and latest.
    """
    chosen = choose_format(format_, output)
    redaction = choose_redaction(selection.configuration, redact, redact_key)
    zone = check_zone(tz or selection.configuration.time_zone or "UTC")
    selection.refuse_to_overwrite(output)
    with selection.open() as whole:
        session = redact_session(whole, redaction)
        if nothing := explain_no_failover(session):
            say(nothing)
        if by is None and format_ is None and chosen is TableFormat.TABLE:
            write_story(session, output, zone)
        elif by is not None:
            write_table(session.sql(_ROLLED_UP[by]), chosen, output)
        else:
            query = _FOR_EYES if chosen in (TableFormat.TABLE, TableFormat.MD) else _EVERYTHING
            write_table(session.sql(query), chosen, output)
        check_objectives(session)
