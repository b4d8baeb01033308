"""Report -> Markdown: the sections of a postmortem, to be pasted and finished by people."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import quote

from reports.cases import Case, find_cases, find_proof, name_trigger, write_code
from reports.model import Failover, Report, Source
from reports.objectives import describe_measure, describe_objective, describe_subject
from reports.questions import ask_questions
from reports.redaction import describe_redaction
from reports.sentences import PLAIN, Sentence
from reports.series import Scene
from reports.story import Chapter, tell_story
from reports.subjects import name_scene
from reports.wording import (
    Clock,
    make_visible,
    shorten,
    write_count,
    write_counted,
    write_gateway,
    write_half_width,
    write_ms,
    write_seconds,
    write_service,
    write_share,
    write_span,
)

_LONGEST_CELL = 120
_LONGEST_LINE = 600
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|~#!])")


def to_markdown(report: Report, charts: Mapping[str, str] | None = None) -> str:
    """Return the report as Markdown with the usual sections of a postmortem; the same report gives the same text.

    `charts` are files beside it that show a scene each: scene_id -> name of the file.
    """
    return "\n".join(_write_report(report, charts or {})).rstrip("\n") + "\n"


def escape(text: str, limit: int = _LONGEST_CELL) -> str:
    """Return text of a log so that it stands in a Markdown cell as what it is."""
    plain = shorten(make_visible(text), limit)
    plain = _SPECIAL.sub(r"\\\1", plain)
    # Some renderers make links out of bare addresses.
    return re.sub(r"(?i)\b(https?|ftp):|\b(www)\.", lambda m: f"{m[0][:-1]}\\{m[0][-1]}", plain)


def _write_report(report: Report, charts: Mapping[str, str]) -> Iterator[str]:
    story, cases = tell_story(report), find_cases(report)
    yield f"# {escape(story.headline, 160)}"
    yield ""
    if story.standfirst:
        yield from (escape(story.standfirst, 400), "")
    if len(cases) == 1:
        yield from _write_incident(report, cases[0], story.chapters[0], charts, level=2)
    else:
        yield "## Summary"
        yield ""
        yield _write_sentences(story.sentences)
        yield ""
        yield from _write_verdicts(report)
        for case, chapter in zip(cases, story.chapters, strict=True):
            yield f"## Incident {case.incident.incident_id}: {escape(chapter.headline, 160)}"
            yield ""
            yield escape(chapter.standfirst, 400)
            yield ""
            yield from _write_incident(report, case, chapter, charts, level=3)
    overviews = [scene for scene in report.scenes if scene.incident_id is None]
    if any(scene.scene_id in charts for scene in overviews):
        yield from ("## The whole log", "")
        yield from _show_charts(report, overviews, charts)
    yield from _write_endpoints(report)
    yield from _write_shifts(report)
    yield from _write_findings(report)
    yield from _write_questions(report)
    yield from _write_sources(report)
    if cases:
        yield from ("## Action items", "", "- [ ] (left for people)", "")


def _write_incident(
    report: Report, case: Case, chapter: Chapter, charts: Mapping[str, str], *, level: int
) -> Iterator[str]:
    head = "#" * level
    yield from (f"{head} Summary", "", _write_sentences(chapter.sentences), "")
    yield from (f"{head} Impact", "")
    for card in chapter.cards:
        yield f"- {escape(card.value)} {escape(card.label)} ({escape(card.note)})"
    yield ""
    yield from _write_failures(case)
    if level == 2:
        yield from _write_verdicts(report)
    yield from (
        f"{head} Timeline",
        "",
        f"Times in {case.clock.zone_name}. Each instant lies between two log lines.",
        "",
    )
    if report.marks:
        yield from (
            f"- {case.clock.write(mark.at)} {escape(mark.label)} (given, not from the log)" for mark in report.marks
        )
        yield ""
    yield from _show_charts(report, case.scenes, charts)
    for failover in case.failovers:
        yield from _write_timeline(case, failover)
    yield from (f"{head} Trigger", "")
    for failover in case.failovers:
        yield f"- {_write_trigger(case, failover)}"
    yield from ("", f"{head} Detection", "")
    for failover in case.failovers:
        yield f"- {_write_detection(case, failover)}"
    yield "- When people noticed: (left for people)"
    yield from ("", f"{head} Resolution", "")
    for failover in case.failovers:
        yield f"- {_write_resolution(case, failover)}"
    yield ""
    yield from _write_evidence(report, case, head)


def _show_charts(report: Report, scenes: Sequence[Scene], charts: Mapping[str, str]) -> Iterator[str]:
    for scene in scenes:
        if scene.scene_id in charts:
            alternative = escape(f"Timeline of {name_scene(report, scene)}", 200)
            yield from (f"![{alternative}]({quote(charts[scene.scene_id])})", "")


def _write_sentences(sentences: Sequence[Sentence]) -> str:
    def write(text: str, role: str) -> str:
        plain = escape(text, 600)
        if role == PLAIN or not text.strip():
            return plain
        return f"**{plain}**"

    return " ".join("".join(write(run.text, run.role) for run in sentence) for sentence in sentences)


def _write_table(head: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"| {' | '.join('---:' if n in right else '---' for n in range(len(head)))} |"
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""


def _write_failures(case: Case) -> Iterator[str]:
    several = len(case.scenes) > 1
    rows = [
        (
            *((escape(write_service(scene.service, scene.service_port, scene.subset)),) if several else ()),
            escape(write_code(kind.response_code, kind.response_flags)),
            write_count(kind.requests),
            escape(kind.endpoint_group or "no endpoint"),
            escape(kind.response_code_details or kind.outcome.replace("_", " ")),
        )
        for scene in case.scenes
        for kind in scene.failure_kinds
    ]
    if rows:
        head = (*(("service",) if several else ()), "status, flags", "requests", "sent to", "details")
        yield from _write_table(head, rows, right=(head.index("requests"),))


def _write_verdicts(report: Report) -> Iterator[str]:
    if not report.verdicts:
        return
    yield from ("## Objectives", "")
    if report.asked.fault_at is not None:
        clock = Clock(report.time_zone, dated=True)
        at = clock.write(report.asked.fault_at)
        yield from (f"Time counts from {at} ({clock.zone_name}), when the fault is known to have begun.", "")
    rows = [
        (
            escape(describe_objective(verdict)),
            escape(describe_subject(verdict)),
            f"**{escape(verdict.verdict)}**",
            escape(describe_measure(verdict), 200),
        )
        for verdict in report.verdicts
    ]
    yield from _write_table(("objective", "of", "verdict", "measured"), rows)


def _write_timeline(case: Case, failover: Failover) -> Iterator[str]:
    if len(case.failovers) > 1:
        yield f"**{_name(failover)}**"
        yield ""
    rows = []
    for event in case.events_of(failover):
        when = case.clock.write_interval(event.earliest, event.latest)
        if event.until_latest is not None:
            when += f", until {case.clock.write_interval(event.until_earliest, event.until_latest)}"
        proof = find_proof(event)
        place = f"{_cut_path(proof[0])}:{proof[1]}" if proof[1] else "-"
        sure = write_half_width(event.earliest, event.latest) or "-"
        rows.append((event.event.replace("_", " "), when, sure, escape(event.note or "-", 200), escape(place)))
    yield from _write_table(("event", "between", "how sure", "meaning", "evidence"), rows)
    phases = [
        (
            escape(phase.label),
            case.clock.write(phase.starts),
            write_seconds((phase.ends - phase.starts).total_seconds()),
            write_count(phase.requests),
            write_count(phase.failed),
            write_count(phase.by_primary),
            write_count(phase.by_secondary),
            write_ms(phase.p95_ms),
        )
        for phase in case.phases_of(failover)
    ]
    by = [
        f"by {escape(name or other)}" for name, other in ((failover.primary, "primary"), (failover.secondary, "others"))
    ]
    head = ("phase", "from", "lasted", "requests", "failed", *by, "p95")
    yield from _write_table(head, phases, right=range(2, 8))


def _write_trigger(case: Case, failover: Failover) -> str:
    basis = {
        "inventory": "as an inventory shows",
        "symptoms": "as the failed requests show",
        "outlier_log": "as the outlier log shows",
        "traffic": "taken from the shape of the traffic alone",
    }.get(failover.trigger_basis or "", "on no particular ground")
    others = [name_trigger(name) for name in failover.trigger_candidates if name != failover.trigger]
    rather = f"; it may also have been: {', '.join(others)}" if others else ""
    where = f", at {escape(failover.trigger_endpoint)}" if failover.trigger_endpoint else ""
    return f"{_prefix(case, failover)}{name_trigger(failover.trigger)}{where}, {basis}{rather}."


def _write_detection(case: Case, failover: Failover) -> str:
    prefix = _prefix(case, failover)
    if failover.began_before_start:
        return f"{prefix}not in the log: it begins within the failover."
    if failover.first_spill_latest is None:
        return f"{prefix}the gateway sent no request elsewhere."
    spill = write_span(failover.time_to_spill_min_s, failover.time_to_spill_max_s)
    scene = case.scene_of(failover)
    ejections = [e for e in scene.ejections if e.proxy == failover.proxy and e.basis == "logged"] if scene else []
    took = ""
    if ejections:
        first = case.clock.write(ejections[0].ejected_at)
        kind = escape(ejections[0].type or "type unknown")
        took = f" Its outlier detection ejected the first endpoint at {first} ({kind})."
    return f"{prefix}the gateway sent its first request elsewhere {spill} after the first sign.{took}"


def _write_resolution(case: Case, failover: Failover) -> str:
    prefix = _prefix(case, failover)
    if failover.open_at_end:
        return f"{prefix}not in the log: the failover is open where it ends."
    parts = []
    if failover.first_failback_latest is not None:
        at = case.clock.write_interval(failover.first_failback_earliest, failover.first_failback_latest)
        parts.append(f"first request back on {escape(failover.primary or 'the primary')} at {at}")
    if failover.recovered_latest is not None:
        at = case.clock.write_interval(failover.recovered_earliest, failover.recovered_latest)
        parts.append(f"whole again at {at}")
    if failover.time_to_failback_max_s is not None:
        parts.append(f"{write_span(failover.time_to_failback_min_s, failover.time_to_failback_max_s)} between them")
    return f"{prefix}{', '.join(parts) or 'unknown'}."


def _prefix(case: Case, failover: Failover) -> str:
    return f"{_name(failover)}: " if len(case.failovers) > 1 else ""


def _name(failover: Failover) -> str:
    service = write_service(failover.service, failover.service_port, failover.subset)
    return escape(
        f"{failover.failover_id} {service} at {write_gateway(failover.cluster_id, failover.gateway, failover.proxy)}"
    )


def _write_evidence(report: Report, case: Case, head: str) -> Iterator[str]:
    known = {(line.source, line.line): line for line in report.evidence}
    shown = [(event, find_proof(event)) for event in case.events_of(case.failovers[0])]
    places = [(event.event, place) for event, place in shown if place in known]
    if not places:
        return
    of = f" of {case.failovers[0].failover_id}" if len(case.failovers) > 1 else ""
    yield from (f"{head} Evidence{of}", "")
    for event, place in places:
        line = known[place]
        yield f"{event.replace('_', ' ')}, {escape(_cut_path(line.source))}:{line.line}"
        yield ""
        # Four spaces make a block that no text inside can end.
        yield f"    {shorten(line.text or '(the line could not be read again)', _LONGEST_LINE)}"
        yield ""


def _write_endpoints(report: Report) -> Iterator[str]:
    if not report.endpoints:
        return
    yield from ("## Endpoints", "")
    rows = [
        (
            escape(e.endpoint or "none found"),
            escape(e.workload or "-"),
            escape(write_service(e.service, e.service_port, e.subset)),
            escape(e.endpoint_group or "-"),
            write_count(e.requests),
            write_share(e.requests, round(e.requests / e.share)) if e.share else "-",
            write_count(e.failed),
            write_ms(e.p50_ms),
            write_ms(e.p95_ms),
            write_count(e.ejections),
        )
        for e in report.endpoints[:50]
    ]
    head = ("endpoint", "workload", "service", "group", "requests", "share", "failed", "p50", "p95", "ejected")
    yield from _write_table(head, rows, right=range(4, 10))
    if len(report.endpoints) > 50:
        yield from (f"{write_counted(len(report.endpoints) - 50, 'more endpoint')} not listed here.", "")


def _write_shifts(report: Report) -> Iterator[str]:
    """Write where the split of requests changed for good without a failover."""
    if not report.shifts:
        return
    clock = Clock(report.time_zone, dated=True)
    yield from ("## Shifts", "")
    rows = [
        (
            escape(write_service(shift.service, shift.service_port, shift.subset)),
            clock.write_interval(shift.earliest, shift.latest),
            escape(shift.note or "-", 300),
            escape(f"{_cut_path(shift.source)}:{shift.line}") if shift.source and shift.line else "-",
        )
        for shift in report.shifts
    ]
    yield from _write_table(("service", "between", "meaning", "evidence"), rows)


def _write_findings(report: Report) -> Iterator[str]:
    """Write what the checks found: remedies are what people may want to make action items of."""
    if not report.findings:
        return
    yield from ("## What to look at next", "")
    for finding in report.findings:
        place = f" ({escape(f'{_cut_path(finding.source)}:{finding.line}')})" if finding.source and finding.line else ""
        yield f"- **{escape(finding.severity)}**: {escape(finding.message, 600)}{place}"
        if finding.remedy:
            yield f"  - {escape(finding.remedy, 600)}"
    yield ""


def _write_questions(report: Report) -> Iterator[str]:
    questions = ask_questions(report)
    if questions:
        yield from ("## What the logs cannot tell", "")
        yield from (f"- {escape(question, 600)}" for question in questions)
        yield ""


def _write_sources(report: Report) -> Iterator[str]:
    logs = [source for source in report.sources if source.access_log_rows or source.rejected or source.error]
    yield from ("## Data sources", "")
    if report.redacted:
        yield from (escape(describe_redaction(report.redacted), 400), "")
    yield from (f"- {escape(warning, 400)}" for warning in report.warnings)
    if report.warnings:
        yield ""
    if not logs:
        yield from (f"{write_counted(len(report.sources), 'source')} read; no access-log entry in them.", "")
        return
    rows = [
        (
            escape(source.source),
            write_count(source.entries_read),
            write_count(source.access_log_rows),
            write_count(source.rejected),
            write_count(sum(count.count for count in source.others)),
            _write_coverage(source),
        )
        for source in logs
    ]
    head = ("source", "entries", "access log", "rejected", "other", "coverage")
    yield from _write_table(head, rows, right=(1, 2, 3, 4))
    more = len(report.sources) - len(logs)
    if more:
        yield from (f"{write_counted(more, 'more file')} read that {'is' if more == 1 else 'are'} no access log.", "")


def _write_coverage(source: Source) -> str:
    words = {"errors_only": "errors only", "unknown": "too few to say"}.get(source.coverage, source.coverage)
    if source.error:
        return escape(source.error)
    return f"{words}, {write_counted(len(source.gaps), 'silence')}" if source.gaps else words


def _cut_path(path: str) -> str:
    return path.rsplit("/", 1)[-1]
