"""Incidents in Markdown: one section of each kind that a postmortem has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import quote

from reports.amounts import describe_baseline, describe_savings, tabulate_costs, tabulate_losses
from reports.cases import Case, find_proof, name_trigger, write_code
from reports.markdown.cells import cut_path, escape, name_failover, write_plain, write_sentences, write_table
from reports.markdown.ground import write_verdicts
from reports.model import Failover, Report
from reports.routing import SPILLS_HINT, tabulate_spills
from reports.series import Scene
from reports.story import Chapter
from reports.subjects import name_scene
from reports.wording import (
    shorten,
    write_count,
    write_half_width,
    write_ms,
    write_seconds,
    write_service,
    write_span,
)

_LONGEST_LINE = 600


def write_incident(
    report: Report, case: Case, chapter: Chapter, charts: Mapping[str, str], *, level: int
) -> Iterator[str]:
    """Write one incident; `level` is that of its headings, `charts` as `to_markdown` has them."""
    head = "#" * level
    yield from (f"{head} Summary", "", write_sentences(chapter.sentences), "")
    yield from (f"{head} Impact", "")
    for card in chapter.cards:
        yield f"- {escape(card.value)} {escape(card.label)} ({escape(card.note)})"
    yield ""
    yield from _write_failures(case)
    if level == 2:
        yield from write_verdicts(report)
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
    yield from show_charts(report, case.scenes, charts)
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


def show_charts(report: Report, scenes: Sequence[Scene], charts: Mapping[str, str]) -> Iterator[str]:
    """Write the charts of those scenes that have a file."""
    for scene in scenes:
        if scene.scene_id in charts:
            alternative = escape(f"Timeline of {name_scene(report, scene)}", 200)
            yield from (f"![{alternative}]({quote(charts[scene.scene_id])})", "")


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
        yield from write_table(head, rows, right=(head.index("requests"),))


def _write_timeline(case: Case, failover: Failover) -> Iterator[str]:
    if len(case.failovers) > 1:
        yield f"**{name_failover(failover)}**"
        yield ""
    rows = []
    for event in case.events_of(failover):
        when = case.clock.write_interval(event.earliest, event.latest)
        if event.until_latest is not None:
            when += f", until {case.clock.write_interval(event.until_earliest, event.until_latest)}"
        proof = find_proof(event)
        place = f"{cut_path(proof[0])}:{proof[1]}" if proof[1] else "-"
        sure = write_half_width(event.earliest, event.latest) or "-"
        rows.append((event.event.replace("_", " "), when, sure, escape(event.note or "-", 200), escape(place)))
    yield from write_table(("event", "between", "how sure", "meaning", "evidence"), rows)
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
    yield from write_table(head, phases, right=range(2, 8))
    yield from _write_costs(case, failover)


def _write_costs(case: Case, failover: Failover) -> Iterator[str]:
    """Write what the phases of a failover cost: time, bytes, and the requests that were lost by phase and path."""
    if costs := tabulate_costs(case, failover):
        yield from (escape(describe_baseline(case, failover), 400), "")
        yield from write_plain(costs)
    if losses := tabulate_losses(case, failover):
        yield from (escape(describe_savings(case, failover), 400), "")
        yield from write_plain(losses)
    if spills := tabulate_spills(case, failover):
        yield from (escape(SPILLS_HINT, 400), "")
        yield from write_plain(spills)


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
    return f"{name_failover(failover)}: " if len(case.failovers) > 1 else ""


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
        yield f"{event.replace('_', ' ')}, {escape(cut_path(line.source))}:{line.line}"
        yield ""
        # Four spaces make a block that no text inside can end.
        yield f"    {shorten(line.text or '(the line could not be read again)', _LONGEST_LINE)}"
        yield ""
