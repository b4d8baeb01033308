"""Charts: a scene drawn as one plotly figure of stacked lanes that share their time axis.

Colours are those of a light page (`palette`), times are wall-clock times of one fixed offset, which the page names.
Everything that stands in a log is made plain text first: plotly reads markup in labels.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta, timezone
from typing import Any

import plotly.graph_objects as go

from reports.charts import palette
from reports.charts.bands import Band, draw_bands, draw_events, plan_bands
from reports.charts.canvas import Canvas, Key, Subject, name_group, write_moment
from reports.charts.lanes import Lane, Stack, stack_lanes
from reports.charts.latency import draw_latency, has_latency, make_latency_axis
from reports.charts.rates import draw_failures, draw_traffic
from reports.charts.strips import caption_strips, draw_strips, make_strip_axis
from reports.series import Closeup, Scene
from reports.wording import Clock, write_seconds

__all__ = ["Chart", "Key", "Subject", "draw_scene", "name_group"]

#: Heights of the lanes in pixels; bands and strips are per row.
_BAND_PX, _TRAFFIC_PX, _FAILED_PX, _LATENCY_PX, _STRIP_PX = 26, 180, 84, 150, 36
_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', sans-serif"


@dataclass(frozen=True)
class Chart:
    """A figure as JSON for plotly.js, its height in pixels, its legend and the zone of its time axis.

    `closeups` are figures of the same lanes over less time, in finer bins, for the page to change to as it zooms.
    """

    figure: str
    closeups: tuple[str, ...]
    height: int
    keys: tuple[Key, ...]
    zone: str
    offset: timezone

    def at(self, moment: datetime) -> str:
        """Return the wall-clock time of a moment as the chart's axis has it."""
        return write_moment(moment, self.offset)


def draw_scene(subject: Subject, clock: Clock) -> Chart:
    """Return the chart of a scene; lanes that would be empty are left out."""
    scene = subject.scene
    offset = clock.local(scene.starts).utcoffset() or timedelta()
    bands = plan_bands(subject)
    stack = stack_lanes(_plan_lanes(scene, len(bands)))
    canvas = _draw(subject, bands, stack, timezone(offset))
    closer = (replace(subject, scene=_replace_series(scene, closeup)) for closeup in scene.closeups)
    return Chart(
        figure=_write_figure(canvas),
        closeups=tuple(_write_figure(_draw(one, bands, stack, canvas.zone, closer=True)) for one in closer),
        height=stack.height,
        keys=tuple(canvas.keys),
        zone=_name_zone(clock, offset),
        offset=canvas.zone,
    )


def _replace_series(scene: Scene, closeup: Closeup) -> Scene:
    return replace(scene, **{f.name: getattr(closeup, f.name) for f in fields(closeup)}, closeups=())


def _draw(subject: Subject, bands: tuple[Band, ...], stack: Stack, zone: timezone, *, closer: bool = False) -> Canvas:
    scene = subject.scene
    canvas = Canvas(
        scene,
        zone,
        stack,
        palette.assign_colours([(group.endpoint_group, group.group_role) for group in scene.groups]),
        tuple(band.label for band in bands),
        closer,
    )
    draw_bands(canvas, bands)
    draw_traffic(canvas)
    if stack.has("failed"):
        draw_failures(canvas)
    if stack.has("latency"):
        draw_latency(canvas)
    if stack.has("strips"):
        draw_strips(canvas)
    draw_events(canvas, subject)
    return canvas


def _write_figure(canvas: Canvas) -> str:
    figure = go.Figure(data=canvas.traces, layout=_lay_out(canvas)).to_plotly_json()
    return json.dumps(figure, sort_keys=True, separators=(",", ":"))


def _plan_lanes(scene: Scene, bands: int) -> list[Lane]:
    lanes = [Lane("bands", _BAND_PX * bands)] if bands else []
    lanes.append(Lane("traffic", _TRAFFIC_PX))
    if any(any(series.failed) for series in scene.failures):
        lanes.append(Lane("failed", _FAILED_PX))
    if has_latency(scene):
        lanes.append(Lane("latency", _LATENCY_PX))
    if scene.endpoints:
        lanes.append(Lane("strips", _STRIP_PX * len(scene.endpoints)))
    return lanes


def _lay_out(canvas: Canvas) -> dict[str, Any]:
    scene, stack = canvas.scene, canvas.stack
    layout: dict[str, Any] = {
        "template": "none",
        "meta": {"bin": write_seconds(scene.bin_s)},
        "height": stack.height,
        "margin": {"l": 132, "r": 14, "t": stack.top, "b": stack.bottom, "pad": 0},
        "barmode": "stack",
        "bargap": 0,
        "hovermode": "x unified",
        "dragmode": "zoom",
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": _FONT, "size": 12, "color": palette.TEXT},
        "hoverlabel": {
            "bgcolor": palette.PAPER,
            "bordercolor": palette.RULE,
            "font": {"color": palette.TEXT, "size": 12},
            "namelength": -1,
        },
        "showlegend": False,
        "shapes": canvas.shapes,
        "annotations": [*canvas.notes, *_caption_lanes(canvas)],
        "xaxis": {
            "type": "date",
            "range": [canvas.at(scene.starts), canvas.at(scene.ends)],
            "anchor": stack.lowest,
            "gridcolor": palette.GRID,
            "zeroline": False,
            "ticks": "outside",
            "tickcolor": palette.GRID,
            "tickfont": {"size": 11},
            "nticks": 8,
            "hoverformat": "%H:%M:%S.%L" if scene.bin_s < 1 else "%e %b %H:%M:%S",
            "showspikes": True,
            "spikemode": "across",
            "spikesnap": "cursor",
            "spikethickness": 1,
            "spikedash": "solid",
            "spikecolor": palette.RULE,
        },
    }
    for lane in stack.lanes:
        layout[stack.layout_name(lane)] = {
            "domain": stack.domain(lane),
            "anchor": "x",
            "fixedrange": True,
            "zeroline": False,
            "gridcolor": palette.GRID,
            "ticks": "",
            "tickfont": {"size": 11},
            **_make_axis(canvas, lane),
        }
    return layout


def _make_axis(canvas: Canvas, lane: str) -> dict[str, Any]:
    match lane:
        case "bands":
            rows = list(range(len(canvas.bands)))
            labels = {"tickvals": [-row for row in rows], "ticktext": list(canvas.bands)}
            return {"range": [0.5 - len(rows), 0.5], "showgrid": False, **labels}
        case "traffic":
            return {"range": [0, canvas.top], "nticks": 5}
        case "failed":
            return {"rangemode": "tozero", "nticks": 4}
        case "latency":
            return make_latency_axis(canvas)
    return make_strip_axis(canvas.scene)


def _caption_lanes(canvas: Canvas) -> Iterator[dict[str, Any]]:
    unit = canvas.unit[0]
    captions = {
        "traffic": f"requests per {unit}",
        "failed": f"failed per {unit}, by status and flags",
        "latency": "latency in ms, logarithmic",
        "strips": "requests per endpoint: the more, the stronger the colour; red: failed",
    }
    for lane in canvas.stack.lanes:
        if lane in captions:
            yield {
                "name": "caption",
                "text": captions[lane],
                "x": 0,
                "xref": "paper",
                "xanchor": "left",
                "y": canvas.stack.domain(lane)[1],
                "yref": "paper",
                "yanchor": "bottom",
                "yshift": 2,
                "showarrow": False,
                "font": {"size": 11, "color": palette.MUTED},
                "bgcolor": palette.PAPER,
                "borderpad": 1,
            }
    if canvas.stack.has("strips"):
        yield from caption_strips(canvas)


def _name_zone(clock: Clock, offset: timedelta) -> str:
    if clock.zone_name == "UTC":
        return "UTC"
    minutes = int(offset.total_seconds() // 60)
    sign = "-" if minutes < 0 else "+"
    return f"{clock.zone_name}, UTC{sign}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
