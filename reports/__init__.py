"""answers -> pages: reports as HTML, Markdown, JSON."""

from __future__ import annotations

from reports.build import adjust_report, build_report
from reports.documents import DocumentError, from_json, json_schema, to_json
from reports.figures import draw_figures
from reports.markdown import to_markdown
from reports.model import Report
from reports.page import to_html
from reports.redaction import Redaction, Secret, make_redaction

__all__ = [
    "DocumentError",
    "Redaction",
    "Report",
    "Secret",
    "adjust_report",
    "build_report",
    "draw_figures",
    "from_json",
    "json_schema",
    "make_redaction",
    "to_html",
    "to_json",
    "to_markdown",
]
