"""Bands and events: the phases of each failover above the lanes, and lines through them at each instant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import plotly.graph_objects as go

from reports.charts import palette
from reports.charts.canvas import Canvas, Subject, write_label
from reports.wording import write_gateway

#: Events that are drawn as a line, and what they are called there.
_LINES: Mapping[str, str] = {
    "onset": "onset",
    "first_spill": "first spill",
    "full_failover": "full failover",
    "first_failback": "failback",
    "recovered": "recovered",
}
#: Events that have a band of their own: they are named above it, without a line.
_SPELLS = frozenset({"relapse", "outage"})


@dataclass(frozen=True)
class Piece:
    """One piece of a band: the phase that colours it, its name, its extent, what hovering adds."""

    phase: str
    label: str
    starts: datetime
    ends: datetime
    words: str


@dataclass(frozen=True)
class Edge:
    """The interval in which an event lies, drawn where phases meet: what it is called, where its row stands."""

    label: str
    earliest: datetime
    latest: datetime
    anchor: str


@dataclass(frozen=True)
class Band:
    """One row of phases with the intervals between them; `label` is empty where there is only one."""

    label: str
    pieces: tuple[Piece, ...]
    edges: tuple[Edge, ...] = ()


def plan_bands(subject: Subject) -> tuple[Band, ...]:
    """Return one row of phases per failover; over a whole log one row that shows the incidents in it, if any."""
    scene = subject.scene
    if not subject.failovers:
        pieces = tuple(
            Piece(
                "incident",
                incident.incident_id,
                incident.started_earliest or scene.starts,
                incident.ended_latest or scene.ends,
                f"incident, {incident.kind}: {incident.failed:,} of {incident.requests:,} requests failed",
            )
            for incident in subject.incidents
            if scene.service in incident.services
        )
        return (Band("incidents", pieces),) if pieces else ()
    bands = []
    for failover in subject.failovers:
        pieces = tuple(
            Piece(
                p.phase, write_label(p.label), p.starts, p.ends, f"{p.requests:,} requests, {p.failed:,} of them failed"
            )
            for p in subject.phases
            if p.failover_id == failover.failover_id
        )
        proxy = failover.proxy or write_gateway(failover.cluster_id, failover.gateway)
        edges = tuple(
            Edge(
                event.event.replace("_", " "),
                event.earliest or event.latest,
                event.latest,
                f"event-{event.failover_id}-{event.seq}",
            )
            for event in subject.events
            if event.failover_id == failover.failover_id and event.latest is not None
        )
        bands.append(Band(write_label(proxy, 18) if len(subject.failovers) > 1 else "", pieces, edges))
    return tuple(bands)


def draw_bands(canvas: Canvas, bands: tuple[Band, ...]) -> None:
    """Draw each band as a row of bars; the page writes the name into each piece that is long enough for it."""
    for row, band in enumerate(bands):
        pieces = [p for p in band.pieces if p.starts < canvas.scene.ends and p.ends > canvas.scene.starts]
        extents = [(canvas.clamp(p.starts), canvas.clamp(p.ends)) for p in pieces]
        colours = [palette.PHASES.get(p.phase, palette.NOBODY) for p in pieces]
        canvas.traces.append(
            go.Bar(
                meta="bands",
                orientation="h",
                y=[-row] * len(pieces),
                base=[canvas.at(begin) for begin, _ in extents],
                x=[max((end - begin) / timedelta(milliseconds=1), 0.001) for begin, end in extents],
                width=0.82,
                text=[p.label for p in pieces],
                textposition="inside",
                insidetextanchor="middle",
                textangle=0,
                constraintext="none",
                insidetextfont={"size": 11, "color": palette.TEXT},
                # The line keeps a phase of a few milliseconds visible among hours.
                marker={"color": colours, "line": {"color": colours, "width": 1}},
                customdata=[[p.label, canvas.clock(p.starts), canvas.clock(p.ends), p.words] for p in pieces],
                hovertemplate="<b>%{customdata[0]}</b><br>%{customdata[1]} to %{customdata[2]}"
                "<br>%{customdata[3]}<extra></extra>",
                xaxis="x",
                yaxis=canvas.stack.axis("bands"),
                showlegend=False,
            )
        )
        _draw_edges(canvas, band, row)


def _draw_edges(canvas: Canvas, band: Band, row: int) -> None:
    """Draw the interval of each event over its row: as wide as it is uncertain, and at least a hair."""
    edges = [edge for edge in band.edges if canvas.shows(edge.latest)]
    if not edges:
        return
    extents = [(canvas.clamp(edge.earliest), edge.latest) for edge in edges]
    canvas.traces.append(
        go.Bar(
            meta="anchored",
            orientation="h",
            y=[-row] * len(edges),
            base=[canvas.at(begin) for begin, _ in extents],
            x=[max((end - begin) / timedelta(milliseconds=1), 0.001) for begin, end in extents],
            width=0.82,
            marker={"color": palette.EDGE, "opacity": 0.55, "line": {"color": palette.EDGE, "width": 1}},
            customdata=[
                [edge.label, canvas.clock(edge.earliest), canvas.clock(edge.latest), "", edge.anchor] for edge in edges
            ],
            hovertemplate="<b>%{customdata[0]}</b><br>between %{customdata[1]}<br>and %{customdata[2]}<extra></extra>",
            xaxis="x",
            yaxis=canvas.stack.axis("bands"),
            showlegend=False,
        )
    )


@dataclass(frozen=True)
class _Line:
    at: datetime
    earliest: datetime | None
    label: str
    anchor: str = ""
    dash: str = "dash"


def draw_events(canvas: Canvas, subject: Subject) -> None:
    """Draw a line through all lanes at each instant, with the interval that it lies in as a shade behind it."""
    for line in _plan_lines(subject):
        if not canvas.shows(line.at):
            continue
        if line.earliest is not None and line.earliest < line.at:
            canvas.shapes.append(
                {
                    **_through(canvas, line.earliest, line.at),
                    "type": "rect",
                    "line": {"width": 0},
                    "fillcolor": "rgba(110,120,132,0.28)",
                }
            )
        canvas.shapes.append(
            {
                **_through(canvas, line.at, line.at),
                "type": "line",
                "line": {"color": palette.RULE, "width": 1, "dash": line.dash},
            }
        )
        canvas.notes.append(_make_note(canvas, line.at, line.label, f"event {line.anchor}"))
    if len(subject.failovers) == 1:
        for event in subject.events:
            if event.event in _SPELLS and event.latest is not None and canvas.shows(event.latest):
                anchor = f"spell event-{event.failover_id}-{event.seq}"
                canvas.notes.append(_make_note(canvas, event.latest, event.event, anchor))


def _plan_lines(subject: Subject) -> Iterator[_Line]:
    if len(subject.failovers) == 1:
        for event in subject.events:
            if event.latest is not None and event.event in _LINES:
                anchor = f"event-{event.failover_id}-{event.seq}"
                yield _Line(event.latest, event.earliest, _LINES[event.event], anchor)
    elif subject.failovers:
        onsets = [f.onset_latest for f in subject.failovers if f.onset_latest is not None]
        ends = [f.recovered_latest for f in subject.failovers if f.recovered_latest is not None]
        if onsets:
            yield _Line(min(onsets), None, "first onset")
        if len(ends) == len(subject.failovers):
            yield _Line(max(ends), None, "last recovered")
    for mark in subject.marks:
        yield _Line(mark.at, None, write_label(mark.label, 30), dash="solid")


def _through(canvas: Canvas, begin: datetime, end: datetime) -> dict[str, Any]:
    """Return the frame of a shape that goes through all lanes."""
    return {
        "xref": "x",
        "yref": "paper",
        "x0": canvas.at(begin),
        "x1": canvas.at(end),
        "y0": 0,
        "y1": 1,
        "layer": "above",
    }


def _make_note(canvas: Canvas, at: datetime, label: str, name: str) -> dict[str, Any]:
    """Return the name of an event above the lanes; the page moves apart those that would overlap."""
    return {
        "name": name.strip(),
        "text": label,
        "x": canvas.at(at),
        "xref": "x",
        "y": 1,
        "yref": "paper",
        "yshift": 3,
        "xanchor": "left",
        "yanchor": "bottom",
        "showarrow": False,
        "captureevents": "event-" in name,
        "font": {"size": 11, "color": palette.MUTED},
    }
