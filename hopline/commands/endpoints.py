"""`hopline endpoints`: who served what."""

from __future__ import annotations

from hopline.commands.outputs import ListFormat, Output
from hopline.console import say
from hopline.selection import Selection, takes_logs
from hopline.silence import explain_no_requests
from hopline.writers import TableFormat, choose_format, write_table

_ORDER = (
    "ORDER BY endpoints.service, service_port, subset, group_role <> 'primary', endpoint_group, requests DESC, endpoint"
)
_EVERYTHING = f"SELECT * FROM endpoints {_ORDER}"
_FOR_EYES = f"""
SELECT concat_ws(':', service, service_port) AS service, endpoint, endpoint_group AS "group", workload,
       requests, failed, round(100 * share, 1) AS "share_%",
       round(p50_ms, 1) AS p50_ms, round(p95_ms, 1) AS p95_ms, round(p99_ms, 1) AS p99_ms
FROM endpoints {_ORDER}
"""


@takes_logs
def endpoints(selection: Selection, output: Output = None, format_: ListFormat = None) -> None:
    """Show who served what: requests, failures and latency per service and endpoint.

    A table shows the most useful columns; the other formats hold all of them.
    """
    chosen = choose_format(format_, output)
    selection.refuse_to_overwrite(output)
    with selection.open() as session:
        if nothing := explain_no_requests(session):
            say(f"no endpoint served anything: {nothing}")
        query = _FOR_EYES if chosen in (TableFormat.TABLE, TableFormat.MD) else _EVERYTHING
        write_table(session.sql(query), chosen, output)
