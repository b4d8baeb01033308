"""Charts: a scene drawn as one plotly figure of stacked lanes that share their time axis.

Colours are those of a light page (`reports.palette`), times are wall-clock times of one fixed offset, which the page
names. Everything that stands in a log is made plain text first: plotly reads markup in labels.
"""

from __future__ import annotations

import html
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

import plotly.graph_objects as go

from reports import palette
from reports.lanes import Lane, Stack, stack_lanes
from reports.model import EndpointSeries, Event, Failover, GroupSeries, Incident, Mark, Phase, Scene
from reports.sentences import write_code
from reports.wording import Clock, make_visible, shorten, write_gateway

_TRAFFIC_PX, _FAILED_PX, _LATENCY_PX, _STRIP_PX, _BAND_PX = 180, 84, 150, 36, 26
_LOWEST_MS = 0.5
_EVENT_NAMES: Mapping[str, str] = {
    "onset": "onset",
    "first_spill": "first spill",
    "full_failover": "full failover",
    "first_failback": "failback",
    "recovered": "recovered",
}


@dataclass(frozen=True)
class Subject:
    """What a chart shows besides the scene: its failovers with their phases and events, marks, all incidents."""

    scene: Scene
    failovers: Sequence[Failover] = ()
    phases: Sequence[Phase] = ()
    events: Sequence[Event] = ()
    incidents: Sequence[Incident] = ()
    marks: Sequence[Mark] = ()


@dataclass(frozen=True)
class Key:
    """One entry of the legend: `group` names the traces that it stands for."""

    group: str
    label: str
    colour: str
    shape: str = "box"


@dataclass(frozen=True)
class Chart:
    """A figure as JSON for plotly.js, its height in pixels, its legend and the zone of its time axis."""

    figure: str
    height: int
    keys: tuple[Key, ...]
    zone: str


@dataclass
class _Canvas:
    """A figure while it is drawn."""

    scene: Scene
    zone: timezone
    stack: Stack
    traces: list[Any] = field(default_factory=list)
    shapes: list[dict[str, Any]] = field(default_factory=list)
    notes: list[dict[str, Any]] = field(default_factory=list)
    bands: tuple[str, ...] = ()

    @property
    def width_ms(self) -> float:
        return self.scene.bin_s * 1000

    @property
    def ends(self) -> datetime:
        return self.scene.starts + timedelta(seconds=self.scene.bin_s * self.scene.bins)

    def at(self, moment: datetime) -> str:
        """Return the wall-clock time that plotly, which knows no zones, is told."""
        return moment.astimezone(self.zone).replace(tzinfo=None).isoformat(" ", timespec="milliseconds")

    def clamp(self, moment: datetime) -> datetime:
        return min(max(moment, self.scene.starts), self.ends)

    def bins(self) -> list[str]:
        step = timedelta(seconds=self.scene.bin_s)
        return [self.at(self.scene.starts + n * step) for n in range(self.scene.bins)]


def draw_scene(subject: Subject, clock: Clock) -> Chart:
    """Return the chart of a scene; lanes that would be empty are left out."""
    scene = subject.scene
    offset = clock.local(scene.starts).utcoffset() or timedelta()
    bands = _plan_bands(subject)
    canvas = _Canvas(scene, timezone(offset), stack_lanes(_plan_lanes(scene, len(bands))))
    canvas.bands = tuple(band.label for band in bands)
    colours = palette.assign_colours([(g.endpoint_group, g.group_role) for g in scene.groups])
    unit = choose_unit(scene)
    _draw_bands(canvas, bands)
    keys = [*_draw_traffic(canvas, colours, unit), *_draw_latency(canvas, colours)]
    _draw_failures(canvas, unit)
    keys += _draw_strips(canvas, colours)
    keys += _draw_gaps(canvas)
    _draw_events(canvas, subject)
    figure = go.Figure(data=canvas.traces, layout=_lay_out(canvas))
    return Chart(
        figure=json.dumps(figure.to_plotly_json(), sort_keys=True, separators=(",", ":")),
        height=canvas.stack.height,
        keys=tuple(keys),
        zone=_name_zone(clock, offset),
    )


def choose_unit(scene: Scene) -> tuple[str, float]:
    """Return the unit of rates that gives readable numbers: its name and its length in seconds."""
    busiest = max((sum(g.requests[n] for g in scene.groups) for n in range(scene.bins)), default=0) / scene.bin_s
    for name, seconds in (("second", 1.0), ("minute", 60.0)):
        if busiest * seconds >= 2:
            return name, seconds
    return "hour", 3600.0


def write_label(text: str | None, limit: int = 40) -> str:
    """Return text of a log as a label in which nothing is markup."""
    return html.escape(shorten(make_visible(text or "unknown"), limit), quote=True).replace("%{", "%&#123;")


def name_group(group: GroupSeries | EndpointSeries) -> str:
    """Return the name of a group of endpoints; requests without one have found no endpoint, or nothing tells."""
    if group.endpoint_group is None:
        return "no endpoint" if group.group_role == "none" else "unknown group"
    return group.endpoint_group


def _plan_lanes(scene: Scene, bands: int) -> list[Lane]:
    lanes = [Lane("bands", _BAND_PX * bands, above=34)] if bands else []
    lanes.append(Lane("traffic", _TRAFFIC_PX))
    if any(any(f.failed) for f in scene.failures):
        lanes.append(Lane("failed", _FAILED_PX))
    if any(v is not None for g in scene.groups for v in g.p50_ms):
        lanes.append(Lane("latency", _LATENCY_PX))
    if scene.endpoints:
        lanes.append(Lane("strips", _STRIP_PX * len(scene.endpoints)))
    return lanes


@dataclass(frozen=True)
class _Band:
    label: str
    pieces: tuple[tuple[str, str, datetime, datetime, str], ...]  # colour key, text, from, to, hover


def _plan_bands(subject: Subject) -> list[_Band]:
    """Return one row of phases per failover, or one row that shows the incidents in a whole log."""
    if not subject.failovers:
        pieces = tuple(
            (
                "incident",
                f"incident {incident.incident_id}",
                incident.started_earliest or subject.scene.starts,
                incident.ended_latest or datetime.max.replace(tzinfo=subject.scene.starts.tzinfo),
                f"{incident.kind}, {incident.failed:,} of {incident.requests:,} failed",
            )
            for incident in subject.incidents
            if subject.scene.service in incident.services
        )
        return [_Band("incidents", pieces)] if pieces else []
    bands = []
    for failover in subject.failovers:
        own = [p for p in subject.phases if p.failover_id == failover.failover_id]
        pieces = tuple(
            (p.phase, write_label(p.label), p.starts, p.ends, f"{p.requests:,} requests, {p.failed:,} failed") for p in own
        )
        proxy = failover.proxy or write_gateway(failover.cluster_id, failover.gateway)
        bands.append(_Band(write_label(proxy, 18) if len(subject.failovers) > 1 else "", pieces))
    return bands


def _draw_bands(canvas: _Canvas, bands: Sequence[_Band]) -> None:
    if not bands:
        return
    axis = canvas.stack.axis("bands")
    for row, band in enumerate(bands):
        pieces = [(c, t, canvas.clamp(a), canvas.clamp(b), h) for c, t, a, b, h in band.pieces if a < canvas.ends and b > canvas.scene.starts]
        canvas.traces.append(
            go.Bar(
                orientation="h",
                y=[-row] * len(pieces),
                base=[canvas.at(a) for _, _, a, _, _ in pieces],
                x=[max((b - a) / timedelta(milliseconds=1), 0.001) for _, _, a, b, _ in pieces],
                width=0.82,
                text=[t for _, t, _, _, _ in pieces],
                textposition="inside",
                insidetextanchor="middle",
                textangle=0,
                constraintext="inside",
                insidetextfont={"size": 11, "color": palette.TEXT},
                marker={
                    "color": [palette.PHASES.get(c, palette.NOBODY) for c, *_ in pieces],
                    # The line keeps a phase of a few milliseconds visible among hours.
                    "line": {"color": [palette.PHASES.get(c, palette.NOBODY) for c, *_ in pieces], "width": 1},
                },
                customdata=[
                    [t, canvas.at(a)[11:], canvas.at(b)[11:], h] for (_, t, a, b, h) in pieces
                ],
                hovertemplate="<b>%{customdata[0]}</b><br>%{customdata[1]} to %{customdata[2]}<br>%{customdata[3]}<extra></extra>",
                hoverlabel={"align": "left"},
                xaxis="x",
                yaxis=axis,
                showlegend=False,
            )
        )


def _draw_traffic(canvas: _Canvas, colours: Mapping[tuple[str | None, str], str], unit: tuple[str, float]) -> Iterator[Key]:
    scene = canvas.scene
    factor = unit[1] / scene.bin_s
    bins = canvas.bins()
    axis = canvas.stack.axis("traffic")

    def add(name: str, counts: Sequence[int], colour: str, group: str) -> None:
        canvas.traces.append(
            go.Bar(
                x=bins,
                y=[_round(count * factor) for count in counts],
                width=canvas.width_ms,
                offset=0,
                marker={"color": colour, "line": {"width": 0}},
                customdata=list(counts),
                hovertemplate=f"%{{customdata:,}} (%{{y:,.3~g}}/{unit[0][0]})<extra>{name}</extra>",
                name=name,
                legendgroup=group,
                xaxis="x",
                yaxis=axis,
                showlegend=False,
            )
        )

    keys = []
    for number, group in enumerate(scene.groups):
        served = [r - f for r, f in zip(group.requests, group.failed, strict=True)]
        if any(served):
            colour = colours[(group.endpoint_group, group.group_role)]
            name = write_label(name_group(group))
            verb = "" if group.endpoint_group is None else " served"
            add(name + verb, served, colour, f"group{number}")
            keys.append(Key(f"group{number}", shorten(name_group(group), 40) + verb, colour))
    failed = [sum(g.failed[n] for g in scene.groups) for n in range(scene.bins)]
    if any(failed):
        add("failed", failed, palette.FAILED, "failed")
        keys.append(Key("failed", "failed", palette.FAILED))
    return iter(keys)


def _draw_failures(canvas: _Canvas, unit: tuple[str, float]) -> None:
    if not canvas.stack.has("failed"):
        return
    factor = unit[1] / canvas.scene.bin_s
    shown = list(canvas.scene.failures[: len(palette.FAILURES) - 1])
    rest = canvas.scene.failures[len(shown) :]
    series = [(write_code(s.response_code, s.response_flags), s.failed) for s in shown]
    if rest:
        series.append((f"{len(rest)} more kinds", tuple(map(sum, zip(*(s.failed for s in rest), strict=True)))))
    bins = canvas.bins()
    for (label, counts), colour in zip(series, palette.FAILURES, strict=False):
        canvas.traces.append(
            go.Bar(
                x=bins,
                y=[_round(count * factor) for count in counts],
                width=canvas.width_ms,
                offset=0,
                marker={"color": colour, "line": {"width": 0}},
                customdata=list(counts),
                hovertemplate=f"%{{customdata:,}} failed<extra>{write_label(label)}</extra>",
                name=write_label(label),
                legendgroup="failed",
                xaxis="x",
                yaxis=canvas.stack.axis("failed"),
                showlegend=False,
            )
        )


def _draw_latency(canvas: _Canvas, colours: Mapping[tuple[str | None, str], str]) -> Iterator[Key]:
    if not canvas.stack.has("latency"):
        return
    step = timedelta(seconds=canvas.scene.bin_s)
    middles = [canvas.at(canvas.scene.starts + (n + 0.5) * step) for n in range(canvas.scene.bins)]
    for number, group in enumerate(canvas.scene.groups):
        colour = colours[(group.endpoint_group, group.group_role)]
        for percentile, values, line in (
            ("p99", group.p99_ms, {"width": 1, "dash": "dot"}),
            ("p95", group.p95_ms, {"width": 1.3}),
            ("p50", group.p50_ms, {"width": 2.4}),
        ):
            if all(v is None for v in values):
                continue
            canvas.traces.append(
                go.Scatter(
                    x=middles,
                    y=[None if v is None else max(v, _LOWEST_MS) for v in values],
                    mode="lines+markers",
                    line={**line, "color": colour},
                    marker={"size": _size_lonely(values), "color": colour},
                    customdata=[None if v is None else _round(v) for v in values],
                    hovertemplate=f"%{{customdata:,}} ms<extra>{write_label(name_group(group))} {percentile}</extra>",
                    legendgroup=f"group{number}",
                    connectgaps=False,
                    xaxis="x",
                    yaxis=canvas.stack.axis("latency"),
                    showlegend=False,
                )
            )
    yield Key("p50", "p50", palette.TEXT, "thick")
    yield Key("p95", "p95", palette.TEXT, "thin")
    yield Key("p99", "p99", palette.TEXT, "dotted")


def _size_lonely(values: Sequence[float | None]) -> list[int]:
    """Return the size of each marker: a value between two absent ones would show no line, so it gets a dot."""
    padded = [None, *values, None]
    return [4 if v is not None and padded[n] is None and padded[n + 2] is None else 0 for n, v in enumerate(values)]


def _draw_strips(canvas: _Canvas, colours: Mapping[tuple[str | None, str], str]) -> Iterator[Key]:
    scene = canvas.scene
    if not canvas.stack.has("strips"):
        return
    axis = canvas.stack.axis("strips")
    step = timedelta(seconds=scene.bin_s)
    rows = {endpoint.endpoint: -row for row, endpoint in enumerate(scene.endpoints)}
    busiest: dict[tuple[str | None, str], int] = {}
    for endpoint in scene.endpoints:
        key = (endpoint.endpoint_group, endpoint.group_role)
        busiest[key] = max(busiest.get(key, 0), *endpoint.requests)
    for endpoint in scene.endpoints:
        key = (endpoint.endpoint_group, endpoint.group_role)
        colour = colours.get(key, palette.NOBODY)
        canvas.traces.append(
            go.Heatmap(
                z=[[count or None for count in endpoint.requests]],
                x0=canvas.at(scene.starts + step / 2),
                dx=canvas.width_ms,
                y=[rows[endpoint.endpoint]],
                zmin=0,
                zmax=busiest[key] or 1,
                colorscale=[[0, palette.PALE[colour]], [1, colour]],
                showscale=False,
                ygap=14,
                hoverongaps=False,
                customdata=[list(endpoint.failed)],
                hovertemplate=f"%{{z:,}} requests, %{{customdata:,}} failed<extra>{name_endpoint(endpoint)[0]}</extra>",
                xaxis="x",
                yaxis=axis,
            )
        )
        _draw_ticks(canvas, endpoint, rows[endpoint.endpoint], axis)
    yield from _draw_ejections(canvas, rows, axis)


def name_endpoint(endpoint: EndpointSeries) -> tuple[str, str]:
    """Return what an endpoint is called, and its address where that is something else."""
    if endpoint.endpoint_kind == "east_west_gateway":
        return write_label(f"{name_group(endpoint)} gateway", 24), write_label(endpoint.endpoint, 28)
    if endpoint.workload:
        return write_label(endpoint.workload, 24), write_label(endpoint.endpoint, 28)
    return write_label(endpoint.endpoint, 28), ""


def _draw_ticks(canvas: _Canvas, endpoint: EndpointSeries, row: int, axis: str) -> None:
    """Draw a red tick in each bin in which requests to the endpoint were lost."""
    step = timedelta(seconds=canvas.scene.bin_s)
    lost = [(n, count) for n, count in enumerate(endpoint.failed) if count]
    if not lost:
        return
    canvas.traces.append(
        go.Bar(
            x=[canvas.at(canvas.scene.starts + (n + 0.2) * step) for n, _ in lost],
            y=[0.44] * len(lost),
            base=[row - 0.22] * len(lost),
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


def _draw_ejections(canvas: _Canvas, rows: Mapping[str, int], axis: str) -> Iterator[Key]:
    shown = [e for e in canvas.scene.ejections if e.endpoint in rows]
    for ejection in shown:
        row = rows[ejection.endpoint]
        canvas.shapes.append(
            {
                "type": "rect",
                "xref": "x",
                "yref": axis,
                "x0": canvas.at(canvas.clamp(ejection.ejected_at)),
                "x1": canvas.at(canvas.clamp(ejection.unejected_at or canvas.ends)),
                "y0": row - 0.4,
                "y1": row + 0.4,
                "line": {"color": palette.BOX, "width": 1.2, "dash": "dot" if ejection.enforced else "dash"},
                "fillcolor": "rgba(110,120,132,0.14)",
                "layer": "above",
            }
        )
    if not shown:
        return
    canvas.traces.append(
        go.Scatter(
            x=[canvas.at(canvas.clamp(e.ejected_at)) for e in shown],
            y=[rows[e.endpoint] for e in shown],
            mode="markers",
            marker={"symbol": "line-ns-open", "size": 22, "color": palette.BOX, "line": {"width": 1.2}},
            customdata=[
                [
                    canvas.at(e.ejected_at)[11:],
                    canvas.at(e.unejected_at)[11:] if e.unejected_at else "not seen",
                    write_label(e.type or "type unknown"),
                    write_label(e.proxy or e.gateway or "unnamed proxy"),
                ]
                for e in shown
            ],
            hovertemplate="ejected %{customdata[0]}<br>back %{customdata[1]}<br>%{customdata[2]}, by %{customdata[3]}<extra></extra>",
            legendgroup="ejections",
            xaxis="x",
            yaxis=axis,
            showlegend=False,
        )
    )
    yield Key("ejections", "ejected", palette.BOX, "dashed")


def _draw_gaps(canvas: _Canvas) -> Iterator[Key]:
    """Hatch the silences of the log over the traffic."""
    axis = canvas.stack.axis("traffic")
    top = _find_top(canvas)
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
                yaxis=axis,
                showlegend=False,
            )
        )
    if canvas.scene.gaps:
        yield Key("gaps", "silence in the log", palette.GAP, "hatched")


def _draw_events(canvas: _Canvas, subject: Subject) -> None:
    """Draw a line through all lanes at each instant, with the interval that it lies in behind it."""
    lines: list[tuple[datetime, datetime | None, str, str]] = []
    single = len(subject.failovers) == 1
    for event in subject.events if single else ():
        if event.event in _EVENT_NAMES and event.latest is not None:
            anchor = f"event-{event.failover_id}-{event.seq}"
            lines.append((event.latest, event.earliest, _EVENT_NAMES[event.event], anchor))
    if not single and subject.failovers:
        onsets = [f.onset_latest for f in subject.failovers if f.onset_latest is not None]
        ends = [f.recovered_latest for f in subject.failovers if f.recovered_latest is not None]
        lines += [(min(onsets), None, "first onset", "")] if onsets else []
        lines += [(max(ends), None, "last recovered", "")] if len(ends) == len(subject.failovers) else []
    lines += [(mark.at, None, write_label(mark.label, 30), "") for mark in subject.marks]
    inside = [line for line in lines if canvas.scene.starts <= line[0] <= canvas.ends]
    for at, earliest, label, anchor in inside:
        is_mark = any(mark.at == at for mark in subject.marks)
        if earliest is not None and earliest < at:
            canvas.shapes.append(
                {
                    "type": "rect", "xref": "x", "yref": "paper", "y0": 0, "y1": 1,
                    "x0": canvas.at(earliest), "x1": canvas.at(at), "line": {"width": 0},
                    "fillcolor": "rgba(110,120,132,0.28)", "layer": "above",
                }
            )  # fmt: skip
        canvas.shapes.append(
            {
                "type": "line", "xref": "x", "yref": "paper", "y0": 0, "y1": 1, "x0": canvas.at(at), "x1": canvas.at(at),
                "line": {"color": palette.RULE, "width": 1, "dash": "solid" if is_mark else "dash"}, "layer": "above",
            }
        )  # fmt: skip
        canvas.notes.append(
            {
                "name": f"event {anchor}".strip(), "text": label, "x": canvas.at(at), "xref": "x", "y": 1, "yref": "paper",
                "yshift": 3, "xanchor": "left", "yanchor": "bottom", "showarrow": False,
                "font": {"size": 11, "color": palette.MUTED}, "captureevents": bool(anchor),
            }
        )  # fmt: skip


def _lay_out(canvas: _Canvas) -> dict[str, Any]:
    scene, stack = canvas.scene, canvas.stack
    layout: dict[str, Any] = {
        "template": "none",
        "height": stack.height,
        "margin": {"l": 132, "r": 14, "t": stack.top, "b": stack.bottom, "pad": 0},
        "barmode": "stack",
        "bargap": 0,
        "hovermode": "x unified",
        "dragmode": "zoom",
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": "system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', sans-serif", "size": 12, "color": palette.TEXT},
        "hoverlabel": {"bgcolor": palette.PAPER, "font": {"color": palette.TEXT, "size": 12}, "bordercolor": palette.RULE},
        "uniformtext": {"mode": "hide", "minsize": 10},
        "showlegend": False,
        "shapes": canvas.shapes,
        "annotations": [*canvas.notes, *_caption_lanes(canvas)],
        "xaxis": {
            "type": "date",
            "range": [canvas.at(scene.starts), canvas.at(canvas.ends)],
            "anchor": stack.lowest,
            "showgrid": True,
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
            "spikecolor": palette.GRID,
        },
    }
    for lane in stack.lanes:
        layout[stack.layout_name(lane)] = {
            "domain": stack.domain(lane),
            "anchor": "x",
            "fixedrange": True,
            "zeroline": False,
            "gridcolor": palette.GRID,
            "tickfont": {"size": 11},
            **_axis_of(canvas, lane),
        }
    return layout


def _axis_of(canvas: _Canvas, lane: str) -> dict[str, Any]:
    scene = canvas.scene
    match lane:
        case "bands":
            rows = list(range(len(canvas.bands)))
            return {
                "range": [0.5 - len(rows), 0.5],
                "showgrid": False,
                "tickvals": [-row for row in rows],
                "ticktext": list(canvas.bands),
            }
        case "traffic":
            return {"range": [0, _find_top(canvas)], "nticks": 5, "rangemode": "tozero"}
        case "failed":
            return {"rangemode": "tozero", "nticks": 4}
        case "latency":
            return _latency_axis(scene)
    names = [name_endpoint(e) for e in scene.endpoints]
    return {
        "range": [0.5 - len(names), 0.5],
        "showgrid": False,
        "tickvals": [-row for row in range(len(names))],
        "ticktext": [f"{a}<br><span style='font-size:10px;color:{palette.MUTED}'>{b}</span>" if b else a for a, b in names],
    }


def _latency_axis(scene: Scene) -> dict[str, Any]:
    values = [max(v, _LOWEST_MS) for g in scene.groups for s in (g.p50_ms, g.p95_ms, g.p99_ms) for v in s if v is not None]
    low, high = min(values) / 1.25, max(values) * 1.25
    ticks = [m * 10.0**e for e in range(-1, 8) for m in (1, 2, 5) if low <= m * 10.0**e <= high]
    if len(ticks) > 6:
        ticks = [t for t in ticks if math.isclose(math.log10(t) % 1, 0, abs_tol=1e-9)] or ticks[::2]
    return {
        "type": "log",
        "range": [math.log10(low), math.log10(high)],
        "tickvals": ticks,
        "ticktext": [f"{t / 1000:g} s" if t >= 1000 else f"{t:g}" for t in ticks],
    }


def _find_top(canvas: _Canvas) -> float:
    scene = canvas.scene
    busiest = max((sum(g.requests[n] for g in scene.groups) for n in range(scene.bins)), default=0)
    return max(busiest * choose_unit(scene)[1] / scene.bin_s, 1e-6) * 1.04


def _caption_lanes(canvas: _Canvas) -> Iterator[dict[str, Any]]:
    unit = choose_unit(canvas.scene)[0]
    captions = {
        "traffic": f"requests per {unit}",
        "failed": f"failed per {unit}, by status and flags",
        "latency": "latency in ms, logarithmic",
        "strips": "requests per endpoint: the darker the more; red: failed",
    }
    for lane in canvas.stack.lanes:
        if lane in captions:
            yield {
                "name": "caption", "text": captions[lane], "x": 0, "xref": "paper", "xanchor": "left", "showarrow": False,
                "y": canvas.stack.domain(lane)[1], "yref": "paper", "yanchor": "bottom", "yshift": 2,
                "font": {"size": 11, "color": palette.MUTED},
            }  # fmt: skip
    if canvas.stack.has("strips"):
        yield from _caption_strips(canvas)


def _caption_strips(canvas: _Canvas) -> Iterator[dict[str, Any]]:
    """Yield the names of endpoints once more, above their strips: a narrow page has no room beside them."""
    for row, endpoint in enumerate(canvas.scene.endpoints):
        name, address = name_endpoint(endpoint)
        yield {
            "name": "strip", "text": f"{name}  {address}".strip(), "visible": False, "x": 0, "xref": "paper", "xanchor": "left",
            "y": -row + 0.5, "yref": canvas.stack.axis("strips"), "yanchor": "middle", "showarrow": False,
            "font": {"size": 10, "color": palette.TEXT},
        }  # fmt: skip


def _name_zone(clock: Clock, offset: timedelta) -> str:
    if clock.zone_name == "UTC":
        return "UTC"
    minutes = int(offset.total_seconds() // 60)
    sign = "-" if minutes < 0 else "+"
    return f"{clock.zone_name}, UTC{sign}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def _round(value: float) -> float:
    return float(f"{value:.5g}")
