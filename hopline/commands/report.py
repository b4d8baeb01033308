"""`hopline report`: the main job, logs in and a failover timeline out."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hopline.commands.outputs import Output
from hopline.console import describe_screen, say
from hopline.destination import check_writable, open_destination
from hopline.moments import check_zone, parse_mark
from hopline.objectives import check_objectives
from hopline.selection import Selection, takes_logs
from hopline.silence import explain_no_failover
from hopline.story import write_story

if TYPE_CHECKING:
    from datetime import datetime

    from analysis import Session


class ReportFormat(StrEnum):
    """What a report can be written as."""

    HTML = "html"
    MD = "md"
    JSON = "json"
    TEXT = "text"


_BY_EXTENSION = {
    ".html": ReportFormat.HTML,
    ".htm": ReportFormat.HTML,
    ".md": ReportFormat.MD,
    ".json": ReportFormat.JSON,
    ".txt": ReportFormat.TEXT,
}


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
    tz: Annotated[str, typer.Option(metavar="ZONE", help="Time zone to show, such as Europe/Berlin.")] = "UTC",
    mark: Annotated[
        list[str] | None,
        typer.Option(metavar="TIME=LABEL", help="A deploy, a page, a DNS change to draw on the timeline. Repeatable."),
    ] = None,
) -> None:
    """Write the failover timeline of some logs: one page, offline, with the log lines behind every figure.

    hopline report logs/ -o incident.html
    """
    chosen = _choose_format(format_, output)
    zone = check_zone(tz)
    marks = tuple(parse_mark(text) for text in mark or ())
    selection.refuse_to_overwrite(output)
    with selection.open() as session:
        if nothing := explain_no_failover(session):
            say(nothing)
        if chosen is ReportFormat.TEXT:
            write_story(session, output, zone)
        else:
            page = _render(session, chosen, title=title, zone=zone, marks=marks).encode("utf-8", "backslashreplace")
            with open_destination(output) as stream:
                stream.write(page)
        if output is not None:
            say(f"wrote {output}")
        check_objectives(session)


def _choose_format(wanted: ReportFormat | None, output: Path | None) -> ReportFormat:
    if output is not None:
        check_writable(output)
        return wanted or _BY_EXTENSION.get(output.suffix.lower(), ReportFormat.HTML)
    return wanted or (ReportFormat.TEXT if describe_screen().interactive else ReportFormat.HTML)


def _render(
    session: Session, chosen: ReportFormat, *, title: str | None, zone: str, marks: Sequence[tuple[datetime, str]]
) -> str:
    import reports

    built = reports.build_report(session, title=title, tz=zone, marks=marks)
    match chosen:
        case ReportFormat.JSON:
            return reports.to_json(built)
        case ReportFormat.MD:
            return reports.to_markdown(built)
        case _:
            return reports.to_html(built)
