"""Pages: a report as what it can be written as."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePath
from typing import TYPE_CHECKING

from hopline.charts import ChartFormat, draw_files
from hopline.story import draw_report_story

if TYPE_CHECKING:
    from datetime import datetime

    from reports import Redaction, Report


class ReportFormat(StrEnum):
    """What a report can be written as."""

    HTML = "html"
    MD = "md"
    JSON = "json"
    TEXT = "text"


@dataclass(frozen=True)
class Manner:
    """How a report is shown: None leaves a title or a time zone as it is, and draws no chart beside it."""

    title: str | None
    zone: str | None
    marks: tuple[tuple[datetime, str], ...]
    redaction: Redaction | None = None
    charts: ChartFormat | None = None


def render_files(
    report: Report, format_: ReportFormat, name: str, charts: ChartFormat | None = None
) -> list[tuple[str, bytes]]:
    """Return the files of a report, (name, content): itself, after the charts beside it where there are any.

    Raises OutputError where no chart can be drawn.
    """
    if charts is None:
        return [(name, render_report(report, format_))]
    import reports

    stills = reports.draw_stills(report)
    names = {still.scene_id: f"{PurePath(name).stem}-{still.scene_id}.{charts}" for still in stills}
    page = reports.to_markdown(report, names).encode("utf-8", "backslashreplace")
    pictures = draw_files(stills, charts) if stills else []
    return [*zip(names.values(), pictures, strict=True), (name, page)]


def render_report(report: Report, format_: ReportFormat) -> bytes:
    """Return a report in a format, for a file; the same report gives the same bytes."""
    import reports

    match format_:
        case ReportFormat.HTML:
            text = reports.to_html(report)
        case ReportFormat.MD:
            text = reports.to_markdown(report)
        case ReportFormat.JSON:
            text = reports.to_json(report)
        case ReportFormat.TEXT:
            text = draw_report_story(report)
    return text.encode("utf-8", "backslashreplace")
