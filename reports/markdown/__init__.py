"""Report -> Markdown: the sections of a postmortem, to be pasted and finished by people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reports.cases import find_cases
from reports.markdown.cells import escape, write_sentences
from reports.markdown.ground import (
    write_endpoints,
    write_findings,
    write_questions,
    write_shifts,
    write_sources,
    write_verdicts,
)
from reports.markdown.incident import show_charts, write_incident
from reports.model import Report
from reports.story import tell_story


def to_markdown(report: Report, charts: Mapping[str, str] | None = None) -> str:
    """Return the report as Markdown with the usual sections of a postmortem; the same report gives the same text.

    `charts` are files beside it that show a scene each: scene_id -> name of the file.
    """
    return "\n".join(_write_report(report, charts or {})).rstrip("\n") + "\n"


def _write_report(report: Report, charts: Mapping[str, str]) -> Iterator[str]:
    story, cases = tell_story(report), find_cases(report)
    yield f"# {escape(story.headline, 160)}"
    yield ""
    if story.standfirst:
        yield from (escape(story.standfirst, 400), "")
    if len(cases) == 1:
        yield from write_incident(report, cases[0], story.chapters[0], charts, level=2)
    else:
        yield "## Summary"
        yield ""
        yield write_sentences(story.sentences)
        yield ""
        yield from write_verdicts(report)
        for case, chapter in zip(cases, story.chapters, strict=True):
            yield f"## Incident {case.incident.incident_id}: {escape(chapter.headline, 160)}"
            yield ""
            yield escape(chapter.standfirst, 400)
            yield ""
            yield from write_incident(report, case, chapter, charts, level=3)
    overviews = [scene for scene in report.scenes if scene.incident_id is None]
    if any(scene.scene_id in charts for scene in overviews):
        yield from ("## The whole log", "")
        yield from show_charts(report, overviews, charts)
    yield from write_endpoints(report)
    yield from write_shifts(report)
    yield from write_findings(report)
    yield from write_questions(report)
    yield from write_sources(report)
    if cases:
        yield from ("## Action items", "", "- [ ] (left for people)", "")
