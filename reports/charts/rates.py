"""Rates: requests by the group that served them, failures by status and flags, and the silences of the log."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from reports.cases import write_code
from reports.charts import palette
from reports.charts.canvas import Canvas, Key, name_group, write_label
from reports.series import FailureSeries, Scene
from reports.wording import shorten


def draw_traffic(canvas: Canvas) -> None:
    """Draw what each group served as stacked bars, what failed on top of them, and silences hatched."""
    scene = canvas.scene
    for number, group in enumerate(scene.groups):
        served = [requests - failed for requests, failed in zip(group.requests, group.failed, strict=True)]
        if any(served):
            colour = canvas.colours[(group.endpoint_group, group.group_role)]
            name = shorten(name_group(group), 40) + ("" if group.endpoint_group is None else " served")
            _add_bars(canvas, "traffic", name, served, colour=colour, group=f"group{number}")
            canvas.keys.append(Key(f"group{number}", name, colour))
    failed = [sum(group.failed[n] for group in scene.groups) for n in range(scene.bins)]
    if any(failed):
        _add_bars(canvas, "traffic", "failed", failed, colour=palette.FAILED, group="failed")
        canvas.keys.append(Key("failed", "failed", palette.FAILED))
    _draw_gaps(canvas)


def draw_failures(canvas: Canvas) -> None:
    """Draw failed requests as stacked bars, one colour per status and flags."""
    most = len(palette.FAILURES) - 1
    series = [
        (write_code(s.response_code, s.response_flags), s.failed, _find_row(canvas.scene, s))
        for s in canvas.scene.failures[:most]
    ]
    rest = [s.failed for s in canvas.scene.failures[most:]]
    if rest:
        series.append((f"{len(rest)} more kinds", tuple(map(sum, zip(*rest, strict=True))), None))
    for (label, counts, anchor), colour in zip(series, palette.FAILURES, strict=False):
        _add_bars(canvas, "failed", label, counts, colour=colour, group="failed", anchor=anchor)


def _find_row(scene: Scene, series: FailureSeries) -> str | None:
    """Return the row of the page's table of failures that a series leads to."""
    key = (series.response_code, series.response_flags)
    rows = (n for n, k in enumerate(scene.failure_kinds, 1) if (k.response_code, k.response_flags) == key)
    number = next(rows, None)
    return f"kind-{scene.scene_id}-{number}" if number else None


def _add_bars(
    canvas: Canvas, lane: str, name: str, counts: Sequence[int], *, colour: str, group: str, anchor: str | None = None
) -> None:
    label = write_label(name, 60)
    canvas.traces.append(
        go.Bar(
            meta=anchor,
            **canvas.places(),
            # A bin without any is left out, so that hovering lists what there is.
            y=[rate or None for rate in canvas.rates(counts)],
            width=canvas.width(),
            offset=0,
            marker={"color": colour, "line": {"width": 0}},
            customdata=list(counts),
            hovertemplate=f"%{{customdata:,}} requests<extra>{label}</extra>",
            name=label,
            legendgroup=group,
            xaxis="x",
            yaxis=canvas.stack.axis(lane),
            showlegend=False,
        )
    )


def _draw_gaps(canvas: Canvas) -> None:
    top = canvas.top
    for gap in canvas.scene.gaps:
        begin, end = canvas.at(canvas.clamp(gap.gap_start)), canvas.at(canvas.clamp(gap.gap_end))
        canvas.traces.append(
            go.Scatter(
                x=[begin, end, end, begin, begin],
                y=[0, 0, top, top, 0],
                mode="lines",
                line={"width": 0, "color": palette.GAP},
                fill="toself",
                fillcolor="rgba(0,0,0,0)",
                fillpattern={"shape": "/", "fgcolor": palette.GAP, "size": 7, "solidity": 0.18},
                hoveron="fills",
                text=f"no entry in {write_label(gap.source.rsplit('/', 1)[-1])}",
                hoverinfo="text",
                legendgroup="gaps",
                xaxis="x",
                yaxis=canvas.stack.axis("traffic"),
                showlegend=False,
            )
        )
    if canvas.scene.gaps:
        canvas.keys.append(Key("gaps", "silence in the log", palette.GAP, "hatched"))
