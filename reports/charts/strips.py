"""Strips: one row per endpoint, the darker the more requests, with its failures and ejections."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import plotly.graph_objects as go

from reports.charts import palette
from reports.charts.canvas import Canvas, GroupKey, Key, name_group, write_label
from reports.series import Ejection, EndpointSeries, Scene


def draw_strips(canvas: Canvas) -> None:
    """Draw the strip of each endpoint from the top down."""
    axis = canvas.stack.axis("strips")
    busiest: dict[GroupKey, int] = {}
    for endpoint in canvas.scene.endpoints:
        key = (endpoint.endpoint_group, endpoint.group_role)
        busiest[key] = max(busiest.get(key, 0), *endpoint.requests)
    for row, endpoint in enumerate(canvas.scene.endpoints):
        key = (endpoint.endpoint_group, endpoint.group_role)
        colour = canvas.colours.get(key, palette.NOBODY)
        canvas.traces.append(
            go.Heatmap(
                z=[[count or None for count in endpoint.requests]],
                x0=canvas.at(canvas.scene.starts + timedelta(seconds=canvas.scene.bin_s / 2)),
                dx=canvas.width_ms,
                y=[-row],
                zmin=0,
                zmax=busiest[key] or 1,
                colorscale=[[0, palette.PALE[colour]], [1, colour]],
                showscale=False,
                ygap=14,
                hoverongaps=False,
                customdata=[list(endpoint.failed)],
                hovertemplate="%{z:,} requests, %{customdata:,} failed"
                f"<extra>{' '.join(name_endpoint(endpoint)).strip()}</extra>",
                xaxis="x",
                yaxis=axis,
            )
        )
        _draw_failed(canvas, endpoint, row, axis)
    _draw_ejections(canvas, axis)


def name_endpoint(endpoint: EndpointSeries) -> tuple[str, str]:
    """Return what an endpoint is called, and its address where that is something else."""
    if endpoint.endpoint_kind == "east_west_gateway":
        return write_label(f"{name_group(endpoint)} gateway", 20), write_label(endpoint.endpoint, 24)
    if endpoint.workload:
        return write_label(endpoint.workload, 20), write_label(endpoint.endpoint, 24)
    return write_label(endpoint.endpoint, 24), ""


def make_strip_axis(scene: Scene) -> dict[str, Any]:
    """Return the axis that names the endpoints beside their strips."""
    names = [name_endpoint(endpoint) for endpoint in scene.endpoints]
    small = f"<br><span style='font-size:10px;color:{palette.MUTED}'>"
    return {
        "range": [0.5 - len(names), 0.5],
        "showgrid": False,
        "tickvals": [-row for row in range(len(names))],
        "ticktext": [f"{name}{small}{address}</span>" if address else name for name, address in names],
    }


def caption_strips(canvas: Canvas) -> Iterator[dict[str, Any]]:
    """Yield the names of the endpoints once more, above their strips: a narrow page has no room beside them."""
    for row, endpoint in enumerate(canvas.scene.endpoints):
        yield {
            "name": "strip",
            "text": " ".join(name_endpoint(endpoint)).strip(),
            "visible": False,
            "x": 0,
            "xref": "paper",
            "xanchor": "left",
            "y": 0.5 - row,
            "yref": canvas.stack.axis("strips"),
            "yanchor": "middle",
            "showarrow": False,
            "font": {"size": 10, "color": palette.TEXT},
        }


def _draw_failed(canvas: Canvas, endpoint: EndpointSeries, row: int, axis: str) -> None:
    """Draw a red tick in each bin in which requests to the endpoint were lost."""
    lost = [canvas.bin_at(n, 0.2) for n, count in enumerate(endpoint.failed) if count]
    if not lost:
        return
    canvas.traces.append(
        go.Bar(
            x=lost,
            y=[0.44] * len(lost),
            base=[row_base - 0.22 for row_base in [-row] * len(lost)],
            width=canvas.width_ms * 0.6,
            offset=0,
            marker={"color": palette.FAILED, "line": {"width": 1, "color": palette.FAILED}},
            hoverinfo="skip",
            legendgroup="failed",
            xaxis="x",
            yaxis=axis,
            showlegend=False,
        )
    )


def _draw_ejections(canvas: Canvas, axis: str) -> None:
    """Draw a dotted box for the time that an endpoint was out; dashed where that is inferred, or only detected."""
    rows: Mapping[str, int] = {endpoint.endpoint: -row for row, endpoint in enumerate(canvas.scene.endpoints)}
    numbered = [(n, e) for n, e in enumerate(canvas.scene.ejections, 1) if e.endpoint in rows and _is_on(canvas, e)]
    shown = [ejection for _, ejection in numbered]
    for ejection in shown:
        row = rows[ejection.endpoint]
        canvas.shapes.append(
            {
                "name": f"ejection {row}",
                "type": "rect",
                "xref": "x",
                "yref": axis,
                "x0": canvas.at(canvas.clamp(ejection.ejected_at)),
                "x1": canvas.at(canvas.clamp(ejection.unejected_at or canvas.scene.ends)),
                "y0": row - 0.4,
                "y1": row + 0.4,
                "line": {"color": palette.BOX, "width": 1.2, "dash": "dot" if _is_certain(ejection) else "dash"},
                "fillcolor": "rgba(110,120,132,0.14)",
                "layer": "above",
            }
        )
    if not shown:
        return
    # Shapes cannot be hovered over; an invisible mark at the beginning of each can.
    canvas.traces.append(
        go.Scatter(
            x=[canvas.at(canvas.clamp(e.ejected_at)) for e in shown],
            y=[rows[e.endpoint] for e in shown],
            mode="markers",
            marker={"symbol": "square", "size": 14, "opacity": 0, "color": palette.BOX},
            customdata=[
                [
                    canvas.clock(e.ejected_at),
                    canvas.clock(e.unejected_at) if e.unejected_at else "not seen",
                    write_label(e.type or ("type unknown" if e.basis == "logged" else "inferred from the traffic")),
                    write_label(e.proxy or e.gateway or "unnamed proxy"),
                    f"ejection-{canvas.scene.scene_id}-{number}",
                ]
                for number, e in numbered
            ],
            meta="anchored",
            hovertemplate="ejected %{customdata[0]}<br>back %{customdata[1]}"
            "<br>%{customdata[2]}, by %{customdata[3]}<extra></extra>",
            xaxis="x",
            yaxis=axis,
            showlegend=False,
        )
    )
    if any(_is_certain(e) for e in shown):
        canvas.keys.append(Key(None, "ejected", palette.BOX, "dotted-box"))
    if any(e.basis != "logged" for e in shown):
        canvas.keys.append(Key(None, "ejected, as it seems", palette.BOX, "dashed-box"))


def _is_on(canvas: Canvas, ejection: Ejection) -> bool:
    """Say whether any of the time that an endpoint was out is on the chart."""
    until = ejection.unejected_at or canvas.scene.ends
    return ejection.ejected_at < canvas.scene.ends and until > canvas.scene.starts


def _is_certain(ejection: Ejection) -> bool:
    return ejection.basis == "logged" and ejection.enforced is not False
