"""answers -> pages: reports as HTML, Markdown, JSON."""

from __future__ import annotations

from reports.batches import (
    Batch,
    Unit,
    batch_schema,
    describe_unit,
    keep_earlier,
    make_batch,
    make_file_name,
    make_unique,
    name_incident,
    read_batch,
    write_batch,
)
from reports.build import adjust_report, build_report
from reports.cuts import cut_incident
from reports.documents import DocumentError, from_json, json_schema, to_json
from reports.evidence import hide_lines
from reports.figures import draw_figures
from reports.index import to_index_html
from reports.markdown import to_markdown
from reports.model import Report
from reports.page import to_html
from reports.redaction import Redaction, Secret, make_redaction
from reports.stills import Still, draw_stills

__all__ = [
    "Batch",
    "DocumentError",
    "Redaction",
    "Report",
    "Secret",
    "Still",
    "Unit",
    "adjust_report",
    "batch_schema",
    "build_report",
    "cut_incident",
    "describe_unit",
    "draw_figures",
    "draw_stills",
    "from_json",
    "hide_lines",
    "json_schema",
    "keep_earlier",
    "make_batch",
    "make_file_name",
    "make_redaction",
    "make_unique",
    "name_incident",
    "read_batch",
    "to_html",
    "to_index_html",
    "to_json",
    "to_markdown",
    "write_batch",
]
