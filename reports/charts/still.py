"""Stills: a chart for paper and chat, laid out once; on a page the reader's own browser does that.

Labels are placed by the usual width of letters, so that none covers another, whatever font a machine has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from reports.charts import palette
from reports.charts.canvas import Key, write_label

#: Pixels: the picture, and a letter of 11 px on average, which is generous for most fonts.
WIDTH = 1120
_LETTER_PX = 5.9
_LONGEST_LABEL = 46
_TITLE_PX = 46


@dataclass(frozen=True)
class Still:
    """A chart of one scene as a plotly figure that needs no script of ours; `width` and `height` in pixels."""

    scene_id: str
    title: str
    figure: dict[str, Any]
    width: int
    height: int


def make_still(scene_id: str, title: str, figure: dict[str, Any], keys: Sequence[Key], zone: str) -> Still:
    """Return a figure, drawn for a page, as a still with its title and legend; `zone` names that of its times."""
    layout = figure["layout"]
    inner = WIDTH - layout["margin"]["l"] - layout["margin"]["r"]
    begin, end = map(datetime.fromisoformat, layout["xaxis"]["range"])
    span = (end - begin).total_seconds()
    height = layout["height"] + _TITLE_PX
    layout |= {"width": WIDTH, "height": height, "paper_bgcolor": palette.PAPER, "plot_bgcolor": palette.PAPER}
    layout["margin"]["t"] += _TITLE_PX

    def place(text: str) -> float:
        return (datetime.fromisoformat(text) - begin).total_seconds() / span * float(inner)

    for number, trace in enumerate(figure["data"]):
        trace["uid"] = f"trace{number}"  # else plotly.js makes one up, another each time
        if trace.get("meta") == "bands":
            trace["text"] = [
                text if width / 1000 / span * inner > measure(text) + 8 else ""
                for text, width in zip(trace["text"], trace["x"], strict=True)
            ]
    for note in layout["annotations"]:
        note.pop("captureevents", None)
    notes = [note for note in layout["annotations"] if (note.get("name") or "").split(" ")[0] in ("event", "spell")]
    rest = [note for note in layout["annotations"] if note not in notes]
    layout["annotations"] = [*rest, *_arrange(sorted(notes, key=lambda n: place(n["x"])), place, inner)]
    layout["annotations"] += [
        _write_line(f"<b>{write_label(title, 120)}</b>", 14, layout["margin"]["t"] - 6),
        _write_line(f"{_write_legend(keys)}    times in {write_label(zone)}", 12, layout["margin"]["t"] - 28),
    ]
    return Still(scene_id, title, figure, WIDTH, height)


def measure(text: str) -> float:
    """Return about how many pixels a label of 11 px takes."""
    return len(text) * _LETTER_PX


def _arrange(notes: Sequence[dict[str, Any]], place: Any, inner: float) -> list[dict[str, Any]]:
    """Return labels of events beside each other where there is room; else they share one, or give way."""
    kept: list[tuple[dict[str, Any], float, float]] = []
    for note in notes:
        start = place(note["x"])
        if not -1 <= start <= inner + 1:
            continue
        size, turned = measure(note["text"]), False
        if start + size > inner:
            start, turned = start - size, True
        if kept and start < kept[-1][2] + 8:
            last, begun, _ = kept[-1]
            joined = f"{last['text']}, {note['text']}"
            spell = note["name"].startswith("spell") or last["name"].startswith("spell")
            if not spell and len(joined) < _LONGEST_LABEL and begun + measure(joined) <= inner:
                kept[-1] = ({**last, "text": joined}, begun, begun + measure(joined))
            continue
        kept.append(({**note, "xanchor": "right" if turned else "left"}, start, start + size))
    return [note for note, _, _ in kept]


def _write_legend(keys: Sequence[Key]) -> str:
    marks = {"thick": "\N{BOX DRAWINGS HEAVY HORIZONTAL}", "thin": "\N{BOX DRAWINGS LIGHT HORIZONTAL}", "dotted": "┄"}
    boxes = {"dotted-box": "\N{WHITE SQUARE}", "dashed-box": "\N{WHITE SQUARE}", "hatched": "▨"}
    parts = []
    for key in keys:
        mark = {**marks, **boxes}.get(key.shape, "\N{BLACK SQUARE}")
        parts.append(f'<span style="color:{key.colour}">{mark}</span> {write_label(key.label)}')
    return "    ".join(parts)


def _write_line(text: str, size: int, above: float) -> dict[str, Any]:
    return {
        "text": text,
        "x": 0,
        "xref": "paper",
        "xanchor": "left",
        "y": 1,
        "yref": "paper",
        "yanchor": "top",
        "yshift": above,
        "showarrow": False,
        "font": {"size": size, "color": palette.TEXT},
    }
