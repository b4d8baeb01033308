"""`hopline report`: the main job, logs in and a failover timeline out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hopline.batch import Each, prepare_batch_folder, write_reports
from hopline.charts import ChartFormat, check_renderer
from hopline.commands.outputs import Output, Redact, RedactKey
from hopline.console import describe_screen, say
from hopline.destination import check_writable, open_destination
from hopline.documents import read_report
from hopline.moments import check_zone, parse_mark
from hopline.objectives import check_objectives
from hopline.pages import Manner, ReportFormat, render_files, render_report
from hopline.redaction import make_redaction, parse_redaction
from hopline.selection import Selection, takes_logs
from hopline.silence import explain_no_failover
from hopline.story import write_report_story, write_story
from hopline.tables import list_table_files, prepare_folder, write_tables
from ingest.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from analysis import Session
    from reports import Report


_BY_EXTENSION = {
    ".html": ReportFormat.HTML,
    ".htm": ReportFormat.HTML,
    ".md": ReportFormat.MD,
    ".json": ReportFormat.JSON,
    ".txt": ReportFormat.TEXT,
}


@dataclass(frozen=True)
class Outputs:
    """Where a report goes (None is standard output), as what, and the folder of its tables, if any."""

    format: ReportFormat
    report: Path | None
    tables: Path | None


@takes_logs
def report(
    selection: Selection,
    *,
    output: Output = None,
    format_: Annotated[
        ReportFormat | None,
        typer.Option(
            "-f",
            "--format",
            help="Format; without it, what the name of the output says, else html, or text on a terminal.",
            show_default=False,
        ),
    ] = None,
    title: Annotated[str | None, typer.Option(metavar="TEXT", help="Title of the report.")] = None,
    tz: Annotated[
        str | None, typer.Option(metavar="ZONE", help="Time zone to show, such as Europe/Berlin; UTC unless given.")
    ] = None,
    mark: Annotated[
        list[str] | None,
        typer.Option(metavar="TIME=LABEL", help="A deploy, a page, a DNS change to draw on the timeline. Repeatable."),
    ] = None,
    redact: Redact = None,
    redact_key: RedactKey = None,
    tables: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Write failovers, their events and phases, endpoints, incidents and sources into this folder as well, "
            "each as CSV and as Parquet.",
            show_default=False,
        ),
    ] = None,
    charts: Annotated[
        ChartFormat | None,
        typer.Option(
            help="Draw the timelines into files beside a report in Markdown. Needs hopline[charts] and a Chromium.",
            show_default=False,
        ),
    ] = None,
    each: Annotated[
        Each | None,
        typer.Option(
            help="Write one report per incident, service or day into the folder -o DIR, with index.html and "
            "summary.json; what is there already and the same is left alone.",
            show_default=False,
        ),
    ] = None,
    from_: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="FILE",
            help="Render a report that was written as JSON once more, rather than reading LOGS; - is standard input.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Write the failover timeline of some logs: one page, offline, with the log lines behind every figure.

    hopline report logs/ -o incident.html

    The same page can be made of the report as JSON, long after the logs are gone:

    hopline report --from incident.json -o incident.html

    For cron: one page per incident, and a page that lists them; a second run writes what is new.

    hopline report logs/ --each incident -o reports/
    """
    if each is not None:
        _refuse_with_each({"--title": title, "--tables": tables, "--from": from_}, output)
    chosen = (format_ or ReportFormat.HTML) if each is not None else _choose_format(format_, output)
    if charts is not None:
        _check_charts(chosen, output)
    marks = tuple(parse_mark(text) for text in mark or ())
    manner = Manner(title, check_zone(tz) if tz is not None else None, marks, charts=charts)
    wanted = parse_redaction(redact, redact_key)
    outputs = Outputs(chosen, output, tables)
    if from_ is not None:
        _refuse_to_make(selection, from_, redacted=bool(wanted), tables=tables is not None)
        _render_again(from_, manner, outputs)
        return
    manner = replace(manner, zone=manner.zone or selection.configuration.time_zone)
    wanted = wanted or parse_redaction(",".join(selection.configuration.redact) or None, redact_key)
    if each is not None and output is not None:
        manner = replace(manner, redaction=make_redaction(wanted, redact_key) if wanted else None)
        _write_batch(selection, each, output, manner, chosen)
        return
    selection.refuse_to_overwrite(output)
    if tables is not None:
        for _, _, file in list_table_files(tables):
            selection.refuse_to_overwrite(file)
        prepare_folder(tables)
    with selection.open() as session:
        if nothing := explain_no_failover(session):
            say(nothing)
        if wanted:
            manner = replace(manner, redaction=make_redaction(wanted, redact_key))
        _render(session, manner, outputs)
        check_objectives(session)


def _check_charts(chosen: ReportFormat, output: Path | None) -> None:
    if chosen is not ReportFormat.MD or output is None:
        raise UsageError(
            "--charts draws files beside a report in Markdown", hint="-o incident.md; a page in HTML holds its charts"
        )
    check_renderer()


def _refuse_with_each(others: Mapping[str, object], output: Path | None) -> None:
    for option, value in others.items():
        if value is not None:
            raise UsageError(f"--each and {option}: give one of them", hint="hopline report --help")
    if output is None:
        raise UsageError("--each needs a folder", hint="-o DIR")


def _write_batch(selection: Selection, each: Each, folder: Path, manner: Manner, format_: ReportFormat) -> None:
    prepare_batch_folder(folder)
    with selection.open() as session:
        nothing = explain_no_failover(session)
        written = write_reports(session, each, folder, manner, format_)
        if not written.changed:
            say(f"nothing new to report: {nothing or f'{folder} holds it all'}")
        else:
            say(f"wrote {written.changed} of {written.reports} reports into {folder}")
        check_objectives(session)


def _choose_format(wanted: ReportFormat | None, output: Path | None) -> ReportFormat:
    if output is not None:
        check_writable(output)
        return wanted or _BY_EXTENSION.get(output.suffix.lower(), ReportFormat.HTML)
    return wanted or (ReportFormat.TEXT if describe_screen().interactive else ReportFormat.HTML)


def _render(session: Session, manner: Manner, outputs: Outputs) -> None:
    if outputs.format is ReportFormat.TEXT and manner.redaction is None:
        write_story(session, outputs.report, manner.zone or "UTC")
    else:
        import reports

        zone = manner.zone or "UTC"
        report = reports.build_report(
            session, title=manner.title, tz=zone, marks=manner.marks, redaction=manner.redaction
        )
        _write_report(report, manner, outputs)
    if outputs.tables is not None:
        write_tables(session, outputs.tables, manner.redaction)
    _say_written(outputs)


def _refuse_to_make(selection: Selection, document: Path, *, redacted: bool, tables: bool) -> None:
    """Raise UsageError when more than a document is needed for what was asked."""
    if selection.logs:
        raise UsageError("LOGS and --from: give one of them", hint=f"hopline report --from {document}")
    if options := selection.list_options():
        raise UsageError(
            f"{options[0]} and --from: the report in {document} is made already",
            hint="give LOGS to make another; --title, --tz and --mark can still be changed",
        )
    if redacted:
        raise UsageError(
            "--redact and --from: the lines in a document can no longer be taken apart",
            hint="redact when the report is made of LOGS; what was redacted then stays so",
        )
    if tables:
        raise UsageError("--tables and --from: tables are made of LOGS", hint="give LOGS rather than --from")


def _render_again(document: Path, manner: Manner, outputs: Outputs) -> None:
    output = outputs.report
    if output is not None and output.exists() and document.exists() and output.samefile(document):
        raise UsageError(f"-o {output} is the file to read", hint="name another file")
    import reports

    report = reports.adjust_report(read_report(document), title=manner.title, tz=manner.zone, marks=manner.marks)
    _write_report(report, manner, outputs)
    _say_written(outputs)


def _say_written(outputs: Outputs) -> None:
    for written in (outputs.report, outputs.tables):
        if written is not None:
            say(f"wrote {written}")


def _write_report(report: Report, manner: Manner, outputs: Outputs) -> None:
    if outputs.report is None or outputs.format is ReportFormat.TEXT:
        if outputs.format is ReportFormat.TEXT:
            write_report_story(report, outputs.report)
            return
        with open_destination(None) as stream:
            stream.write(render_report(report, outputs.format))
        return
    for name, content in render_files(report, outputs.format, outputs.report.name, manner.charts):
        with open_destination(outputs.report.with_name(name)) as stream:
            stream.write(content)
