"""Report -> HTML: one file that needs no network and runs no script but its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from importlib import resources

from markupsafe import Markup

from reports import wording
from reports.cases import Case, find_cases
from reports.charts import Chart, draw_scene, name_group, palette
from reports.markup import embed, open_templates, read_asset, write_policy
from reports.model import Event, Figure, Report
from reports.questions import ask_questions
from reports.redaction import describe_redaction
from reports.series import Scene
from reports.story import Chapter, tell_story
from reports.subjects import make_subject, name_scene
from reports.terms import define_terms


@dataclass(frozen=True)
class Timeline:
    """A chart with what a page says around it, and its SQL."""

    scene: Scene
    chart: Chart
    title: str
    table: tuple[tuple[str, ...], ...]
    head: tuple[str, ...]
    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class Section:
    """One incident as a page shows it."""

    case: Case
    chapter: Chapter
    timelines: tuple[Timeline, ...]

    def find_place(self, event: Event) -> tuple[str, str, str] | None:
        """Return the scene that shows an event and the stretch of its time axis around it, from and to."""
        if event.latest is None:
            return None
        begin, end = event.earliest or event.latest, event.until_latest or event.latest
        around = max((end - begin) * 2, timedelta(seconds=1))
        for timeline in self.timelines:
            scene, chart = timeline.scene, timeline.chart
            if event.failover_id in scene.failover_ids and scene.starts <= event.latest <= scene.ends:
                first, last = max(begin - around, scene.starts), min(end + around, scene.ends)
                return scene.scene_id, chart.at(first), chart.at(last)
        return None


def to_html(report: Report) -> str:
    """Return the report as one HTML page; the same report gives the same bytes."""
    story = tell_story(report)
    cases = find_cases(report)
    sections = tuple(
        Section(case, chapter, tuple(make_timeline(report, scene, case) for scene in case.scenes))
        for case, chapter in zip(cases, story.chapters, strict=True)
    )
    overviews = tuple(make_timeline(report, scene, None) for scene in report.scenes if scene.incident_id is None)
    timelines = [t for section in sections for t in section.timelines] + list(overviews)
    scripts = {"plotly": _read_plotly() if timelines else "", "page": read_asset("page.js")}
    logs = [source for source in report.sources if source.access_log_rows or source.rejected or source.error]
    template = open_templates().get_template("report.html.j2")
    page: str = template.render(
        report=report,
        story=story,
        sections=sections,
        overviews=overviews,
        dated=wording.Clock(report.time_zone, dated=True),
        redaction=describe_redaction(report.redacted),
        questions=ask_questions(report),
        terms=define_terms(report.choices),
        evidence={(line.source, line.line): line for line in report.evidence},
        logs=logs,
        others=[source for source in report.sources if source not in logs],
        figures=[figure for figure in report.figures if figure.scene_id is None],
        style=Markup(read_asset("page.css")),  # noqa: S704 - our own file
        scripts={name: Markup(text) for name, text in scripts.items()},  # noqa: S704 - our own file and plotly.js
        policy=write_policy(list(scripts.values())),
        swatches=embed(dict(palette.DARK)),
    )
    return page


def make_timeline(report: Report, scene: Scene, case: Case | None) -> Timeline:
    """Return the timeline of one scene of the report; `case` is the incident that it shows, if any."""
    clock = case.clock if case else wording.Clock(report.time_zone)
    head, rows = _tabulate(scene, clock)
    return Timeline(
        scene=scene,
        chart=draw_scene(make_subject(report, scene), clock),
        title=name_scene(report, scene),
        table=rows,
        head=head,
        figures=tuple(f for f in report.figures if f.scene_id == scene.scene_id),
    )


def _tabulate(scene: Scene, clock: wording.Clock) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Return the numbers behind a chart: head and rows, one per bin; groups side by side."""
    head = ["from"]
    for group in scene.groups:
        head += [f"{name_group(group)}: {what}" for what in ("requests", "failed", "p50", "p95", "p99")]
    dated = wording.Clock(clock.zone_name, dated=scene.bin_s * scene.bins > 86_400)
    rows = []
    for n in range(scene.bins):
        at = scene.starts + n * timedelta(seconds=scene.bin_s)
        row = [dated.write(at, fine=scene.bin_s < 1)]
        for group in scene.groups:
            row += [f"{group.requests[n]:,}", f"{group.failed[n]:,}"]
            row += [wording.write_ms(values[n]) for values in (group.p50_ms, group.p95_ms, group.p99_ms)]
        rows.append(tuple(row))
    return tuple(head), tuple(rows)


@cache
def _read_plotly() -> str:
    text = resources.files("plotly").joinpath("package_data", "plotly.min.js").read_text(encoding="utf-8")
    # Inside a page a script ends at the first </script, wherever it stands.
    return text.replace("</script", "<\\/script").replace("<!--", "<\\!--")
