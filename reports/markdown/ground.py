"""Ground: what a report in Markdown says below its incidents, of the whole log and of what it rests on."""

from __future__ import annotations

from collections.abc import Iterator

from reports.amounts import tabulate_budgets
from reports.clocks import CLOCKS_HINT, tabulate_clocks
from reports.ground import Source
from reports.markdown.cells import cut_path, escape, write_plain, write_table
from reports.model import Report
from reports.objectives import describe_measure, describe_objective, describe_subject
from reports.questions import ask_questions
from reports.redaction import describe_redaction
from reports.wording import Clock, write_count, write_counted, write_ms, write_service, write_share


def write_verdicts(report: Report) -> Iterator[str]:
    """Write how the objectives that were asked for came out, and what was used of the error budgets."""
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
    yield from write_table(("objective", "of", "verdict", "measured"), rows)
    if budgets := tabulate_budgets(report):
        yield from write_plain(budgets)


def write_endpoints(report: Report) -> Iterator[str]:
    """Write who served how much, and how well, over the whole log."""
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
    yield from write_table(head, rows, right=range(4, 10))
    if len(report.endpoints) > 50:
        yield from (f"{write_counted(len(report.endpoints) - 50, 'more endpoint')} not listed here.", "")


def write_shifts(report: Report) -> Iterator[str]:
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
            escape(f"{cut_path(shift.source)}:{shift.line}") if shift.source and shift.line else "-",
        )
        for shift in report.shifts
    ]
    yield from write_table(("service", "between", "meaning", "evidence"), rows)


def write_findings(report: Report) -> Iterator[str]:
    """Write what the checks found: remedies are what people may want to make action items of."""
    if not report.findings:
        return
    yield from ("## What to look at next", "")
    for finding in report.findings:
        place = f" ({escape(f'{cut_path(finding.source)}:{finding.line}')})" if finding.source and finding.line else ""
        yield f"- **{escape(finding.severity)}**: {escape(finding.message, 600)}{place}"
        if finding.remedy:
            yield f"  - {escape(finding.remedy, 600)}"
    yield ""


def write_questions(report: Report) -> Iterator[str]:
    """Write what the logs leave open."""
    questions = ask_questions(report)
    if questions:
        yield from ("## What the logs cannot tell", "")
        yield from (f"- {escape(question, 600)}" for question in questions)
        yield ""


def write_sources(report: Report) -> Iterator[str]:
    """Write what was read, what of it was not understood, and how far the clocks of the proxies are apart."""
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
    yield from write_table(head, rows, right=(1, 2, 3, 4))
    more = len(report.sources) - len(logs)
    if more:
        yield from (f"{write_counted(more, 'more file')} read that {'is' if more == 1 else 'are'} no access log.", "")
    if clocks := tabulate_clocks(report):
        yield from (CLOCKS_HINT, "")
        yield from write_plain(clocks)
        if report.clock_skews_left_out:
            yield from (f"{write_counted(report.clock_skews_left_out, 'more pair')} not listed here.", "")


def _write_coverage(source: Source) -> str:
    words = {"errors_only": "errors only", "unknown": "too few to say"}.get(source.coverage, source.coverage)
    if source.error:
        return escape(source.error)
    return f"{words}, {write_counted(len(source.gaps), 'silence')}" if source.gaps else words
