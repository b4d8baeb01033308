"""answers -> pages: reports as HTML, Markdown, JSON."""

from __future__ import annotations

from reports.build import adjust_report, build_report
from reports.documents import DocumentError, from_json, json_schema, to_json
from reports.markdown import to_markdown
from reports.model import Report
from reports.page import to_html

__all__ = [
    "DocumentError",
    "Report",
    "adjust_report",
    "build_report",
    "from_json",
    "json_schema",
    "to_html",
    "to_json",
    "to_markdown",
]
