"""`hopline endpoints`: who served what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from hopline.commands.outputs import ListFormat, Output, Redact, RedactKey
from hopline.console import say
from hopline.redaction import choose_redaction, redact_session
from hopline.selection import Selection, takes_logs
from hopline.silence import explain_no_requests
from hopline.writers import TableFormat, choose_format, write_table

if TYPE_CHECKING:
    import pyarrow as pa

_ORDER = (
    "ORDER BY endpoints.service, service_port, subset, group_role <> 'primary', endpoint_group, requests DESC, endpoint"
)
_EVERYTHING = f"SELECT * FROM endpoints {_ORDER}"
_FOR_EYES = f"""
SELECT concat_ws(':', service, service_port) AS service, subset, endpoint, endpoint_group AS "group", workload,
       requests, failed, round(100 * share, 1) AS "share_%",
       round(p50_ms, 1) AS p50_ms, round(p95_ms, 1) AS p95_ms, ejections AS ejected, out_of_line
FROM endpoints {_ORDER}
"""
_ODD = "SELECT endpoint, explanation FROM odd_endpoints ORDER BY service, service_port, subset, endpoint"
#: Columns that say nothing where no row has anything in them: they leave room for the others.
_EMPTY = {"subset": None, "workload": None, "ejected": 0, "out_of_line": None}


@takes_logs
def endpoints(
    selection: Selection,
    *,
    wide: Annotated[bool, typer.Option("--wide", help="All columns in a table, too; other formats have them.")] = False,
    output: Output = None,
    format_: ListFormat = None,
    redact: Redact = None,
    redact_key: RedactKey = None,
) -> None:
    """Show who served what: requests, failures and latency per service and endpoint.

    An endpoint that differs from the others of its group beyond chance, in failures or latency, is marked
    out_of_line. A table shows the most useful columns; --wide and the other formats hold all of them.
    """
    chosen = choose_format(format_, output)
    redaction = choose_redaction(selection.configuration, redact, redact_key)
    selection.refuse_to_overwrite(output)
    with selection.open() as whole:
        session = redact_session(whole, redaction)
        if nothing := explain_no_requests(session):
            say(f"no endpoint served anything: {nothing}")
        if chosen in (TableFormat.TABLE, TableFormat.MD) and not wide:
            write_table(_leave_out_empty(session.sql(_FOR_EYES)), chosen, output)
        else:
            write_table(session.sql(_EVERYTHING), chosen, output)
        for row in session.sql(_ODD).to_pylist():
            say(f"{row['endpoint']} is out of line: it {row['explanation']}")


def _leave_out_empty(table: pa.Table) -> pa.Table:
    return table.drop_columns(
        [name for name, empty in _EMPTY.items() if all(value == empty for value in table.column(name).to_pylist())]
    )
