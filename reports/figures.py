"""Report -> plotly figures: the timelines of the page, for notebooks and programs that draw on."""

from __future__ import annotations

import json
from datetime import datetime

import plotly.graph_objects as go

from reports.cases import find_cases
from reports.charts import palette
from reports.model import Report
from reports.page import Timeline, make_timeline

#: Height of the title, of the legend, and of a row of labels, in pixels.
_TITLE_PX, _LEGEND_PX, _LABEL_PX = 36, 30, 14
#: What a figure is taken to be wide where nothing else is known, and a letter of a label.
_WIDTH_PX, _LETTER_PX = 900, 6.5


def draw_figures(report: Report) -> dict[str, go.Figure]:
    """Return the timelines of a report as plotly figures, by scene, in the order of the page."""
    cases = find_cases(report)
    timelines = [make_timeline(report, scene, case) for case in cases for scene in case.scenes]
    timelines += [make_timeline(report, scene, None) for scene in report.scenes if scene.incident_id is None]
    return {timeline.scene.scene_id: _make_figure(timeline) for timeline in timelines}


def _make_figure(timeline: Timeline) -> go.Figure:
    """Return the chart of a timeline with what the page says around it: title, zone, legend, ground."""
    figure = go.Figure(json.loads(timeline.chart.figure))
    named: set[str] = set()
    for trace in figure.data:
        if trace.name is not None and trace.legendgroup not in named:
            named.add(trace.legendgroup)
            trace.showlegend = True
    above = _TITLE_PX + _LABEL_PX * _spread_labels(figure)
    figure.update_layout(
        title={
            "text": f"{timeline.title}, {timeline.chart.zone}",
            "x": 0,
            "xref": "paper",
            "y": 1,
            "yanchor": "top",
            "pad": {"t": 14},
            "font": {"size": 14},
        },
        margin_t=figure.layout.margin.t + above,
        margin_b=figure.layout.margin.b + _LEGEND_PX,
        height=timeline.chart.height + above + _LEGEND_PX,
        showlegend=True,
        legend={"orientation": "h", "x": 0, "xanchor": "left", "y": 0, "yanchor": "bottom", "yref": "container"},
        paper_bgcolor=palette.PAPER,
        plot_bgcolor=palette.PAPER,
    )
    return figure


def _spread_labels(figure: go.Figure) -> int:
    """Give labels of instants that would lie over one another rows of their own; return how many rows more there are.

    The page does it by the room that it has; a figure has to do it beforehand.
    """
    first, last = map(datetime.fromisoformat, figure.layout.xaxis.range)
    free: list[float] = []  # where each row is free from, in pixels
    labels = [label for label in figure.layout.annotations if (label.name or "").startswith(("event", "spell"))]
    for label in sorted(labels, key=lambda label: label.x):
        start = _WIDTH_PX * ((datetime.fromisoformat(label.x) - first) / (last - first))
        row = next((number for number, taken in enumerate(free) if taken <= start), len(free))
        free[row : row + 1] = [start + _LETTER_PX * len(label.text) + _LETTER_PX]
        label.yshift = (label.yshift or 0) + _LABEL_PX * row
    return max(0, len(free) - 1)
