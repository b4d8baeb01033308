"""Latency: the percentiles of each endpoint group on a logarithmic axis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from reports.cases import write_code
from reports.charts import palette
from reports.charts.canvas import Canvas, Key, name_group, round_number, write_label
from reports.series import Scene

#: Envoy logs whole milliseconds; a logarithm needs more than 0.
_LOWEST_MS = 0.5


def has_latency(scene: Scene) -> bool:
    """Say whether any request of a scene has a duration that counts."""
    return any(value is not None for group in scene.groups for value in group.p50_ms)


def draw_latency(canvas: Canvas) -> None:
    """Draw p50 thick, p95 thin and p99 dotted in the colour of each group."""
    for number, group in enumerate(canvas.scene.groups):
        colour = canvas.colours[(group.endpoint_group, group.group_role)]
        lines: tuple[tuple[str, Sequence[float | None], dict[str, Any]], ...] = (
            ("p99", group.p99_ms, {"width": 1, "dash": "dot"}),
            ("p95", group.p95_ms, {"width": 1.3}),
            ("p50", group.p50_ms, {"width": 2.4}),
        )
        for percentile, values, line in lines:
            if all(value is None for value in values):
                continue
            canvas.traces.append(
                go.Scatter(
                    **canvas.places(0.5),
                    y=[None if value is None else max(round_number(value), _LOWEST_MS) for value in values],
                    mode="lines+markers",
                    line={**line, "color": colour},
                    marker={"size": _size_lonely(values), "color": colour},
                    customdata=[None if value is None else round_number(value) for value in values],
                    hovertemplate=f"%{{customdata:,}} ms<extra>{write_label(name_group(group))} {percentile}</extra>",
                    legendgroup=f"group{number}",
                    connectgaps=False,
                    xaxis="x",
                    yaxis=canvas.stack.axis("latency"),
                    showlegend=False,
                )
            )
    if canvas.closer:
        _draw_single(canvas)
    canvas.keys += [
        Key(None, name, palette.TEXT, s) for name, s in (("p50", "thick"), ("p95", "thin"), ("p99", "dotted"))
    ]


def _draw_single(canvas: Canvas) -> None:
    """Draw each request around an instant as a dot where it began, a cross where it failed."""
    shown = [r for r in canvas.scene.single_requests if canvas.shows(r.start_time) and r.duration_ms is not None]
    names = {(g.endpoint_group, g.group_role): f"group{n}" for n, g in enumerate(canvas.scene.groups)}
    for key, legend in names.items():
        for failed in (False, True):
            own = [r for r in shown if (r.endpoint_group, r.group_role) == key and r.failed == failed]
            if not own:
                continue
            canvas.traces.append(
                go.Scatter(
                    x=[canvas.at(r.start_time) for r in own],
                    y=[max(float(r.duration_ms or 0), _LOWEST_MS) for r in own],
                    mode="markers",
                    marker={
                        "size": 7,
                        "symbol": "x-thin" if failed else "circle-open",
                        "color": palette.FAILED if failed else canvas.colours[key],
                        "line": {"width": 2, "color": palette.FAILED if failed else canvas.colours[key]},
                    },
                    customdata=[
                        [
                            write_label(write_code(r.response_code, r.response_flags)),
                            f"{r.duration_ms:,}",
                            write_label(r.endpoint or "no endpoint", 50),
                            write_label(f"{r.source.rsplit('/', 1)[-1]}:{r.line}", 60),
                        ]
                        for r in own
                    ],
                    hovertemplate="%{customdata[0]}, %{customdata[1]} ms, %{customdata[2]}<br>%{customdata[3]}"
                    "<extra>one request</extra>",
                    legendgroup="failed" if failed else legend,
                    xaxis="x",
                    yaxis=canvas.stack.axis("latency"),
                    showlegend=False,
                )
            )


def make_latency_axis(canvas: Canvas) -> dict[str, Any]:
    """Return the range and the ticks of the axis: at most six ticks, at 1, 2 and 5 or at powers of ten."""
    scene = canvas.scene
    series = (s for g in scene.groups for s in (g.p50_ms, g.p95_ms, g.p99_ms))
    values = [max(value, _LOWEST_MS) for one in series for value in one if value is not None]
    if canvas.closer:
        near = (r.duration_ms for r in scene.single_requests if canvas.shows(r.start_time))
        values += [max(float(duration), _LOWEST_MS) for duration in near if duration is not None]
    values = values or [1.0, 10.0]
    low, high = min(values) / 1.25, max(values) * 1.25
    ticks = [m * 10.0**e for e in range(-1, 8) for m in (1, 2, 5) if low <= m * 10.0**e <= high]
    if len(ticks) > 6:
        ticks = [tick for tick in ticks if math.isclose(math.log10(tick) % 1, 0, abs_tol=1e-9)]
    return {
        "type": "log",
        "range": [math.log10(low), math.log10(high)],
        "tickvals": ticks,
        "ticktext": [f"{tick / 1000:g} s" if tick >= 1000 else f"{tick:g}" for tick in ticks],
    }


def _size_lonely(values: Sequence[float | None]) -> list[int]:
    """Return the size of each marker: a value between two absent ones would show no line, so it gets a dot."""
    padded = [None, *values, None]
    return [4 if v is not None and padded[n] is None and padded[n + 2] is None else 0 for n, v in enumerate(values)]
