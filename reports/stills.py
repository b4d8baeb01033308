"""Report -> pictures: one still per timeline, as figures that a renderer turns into PNG or SVG."""

from __future__ import annotations

import json

from reports.cases import find_cases
from reports.charts import draw_scene
from reports.charts.still import Still, make_still
from reports.model import Report
from reports.subjects import make_subject, name_scene
from reports.wording import Clock

__all__ = ["Still", "draw_stills"]


def draw_stills(report: Report) -> tuple[Still, ...]:
    """Return a still for each timeline of a report, in their order; the same report gives the same figures."""
    clocks = {case.incident.incident_id: case.clock for case in find_cases(report)}
    stills = []
    for scene in report.scenes:
        clock = clocks.get(scene.incident_id or "", Clock(report.time_zone))
        chart = draw_scene(make_subject(report, scene), clock)
        figure = json.loads(chart.figure)
        stills.append(make_still(scene.scene_id, name_scene(report, scene), figure, chart.keys, chart.zone))
    return tuple(stills)
