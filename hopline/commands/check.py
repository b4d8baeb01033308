"""`hopline check`: what does not agree with what was declared, and why failover did or did not happen."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from hopline.commands.outputs import Output, Redact, RedactKey
from hopline.console import say
from hopline.findings import list_settings, write_findings
from hopline.redaction import choose_redaction, redact_session
from hopline.selection import Selection, takes_logs
from hopline.silence import explain_no_requests
from hopline.writers import TableFormat, choose_format, write_table
from ingest.errors import ObjectiveError, UsageError


class Severity(StrEnum):
    """From which severity on a finding makes the exit code 3."""

    ERROR = "error"
    WARNING = "warning"


_EVERYTHING = "SELECT * FROM findings"
_FOR_EYES = """
SELECT severity, check_id AS "check", concat_ws(':', service, service_port) AS service, subject, message,
       concat_ws(':', source, line) AS evidence
FROM findings
"""
_NOT_CHECKED = "SELECT check_id, needs FROM checks WHERE status = 'not_checked' ORDER BY check_id"
_SEVERITIES = """
SELECT count(*) FILTER (severity = 'error') AS errors, count(*) FILTER (severity = 'warning') AS warnings FROM findings
"""


@takes_logs
def check(
    selection: Selection,
    *,
    fail_on: Annotated[
        Severity | None,
        typer.Option(help="Exit with 3 where a finding is so severe, or more.", show_default=False),
    ] = None,
    yaml: Annotated[
        bool, typer.Option("--yaml", help="Write only the settings that findings ask for, as YAML.")
    ] = False,
    output: Output = None,
    format_: Annotated[
        TableFormat | None,
        typer.Option(
            "-f",
            "--format",
            help="Format; without it, what the name of the output says, else findings in words.",
            show_default=False,
        ),
    ] = None,
    redact: Redact = None,
    redact_key: RedactKey = None,
) -> None:
    """Hold what happened against what was declared: would failover work, and why did it (not) happen?

    Each finding names its evidence and the usual remedy. What could not be checked, for want of an inventory (-i), is
    said.
    """
    if yaml and format_ is not None:
        raise UsageError("--yaml is a format of its own", hint="leave out --format; findings have a column yaml")
    chosen = choose_format(format_, output) if not yaml else TableFormat.TABLE
    redaction = choose_redaction(selection.configuration, redact, redact_key)
    selection.refuse_to_overwrite(output)
    with selection.open() as whole:
        session = redact_session(whole, redaction)
        if nothing := explain_no_requests(session):
            say(f"nothing can be checked: {nothing}")
        if yaml:
            list_settings(session, output)
        elif format_ is None and chosen is TableFormat.TABLE:
            write_findings(session, output)
        else:
            narrow = chosen in (TableFormat.TABLE, TableFormat.MD)
            write_table(session.sql(_FOR_EYES if narrow else _EVERYTHING), chosen, output)
            for row in session.sql(_NOT_CHECKED).to_pylist():
                say(f"not checked: {row['check_id']}: needs {row['needs']}")
        found = session.sql(_SEVERITIES).to_pylist()[0]
    failing = found["errors"] + (found["warnings"] if fail_on is Severity.WARNING else 0)
    if fail_on is not None and failing:
        counted = f"{failing} finding{'s' if failing > 1 else ''}"
        raise ObjectiveError(f"{counted} of severity {fail_on}{' or error' if fail_on is Severity.WARNING else ''}")
