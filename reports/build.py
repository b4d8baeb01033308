"""Session -> Report: only by SQL against the views of the analysis; it picks bins and computes no new fact."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib import metadata
from typing import Any, Protocol, get_type_hints

from reports.costs import EjectionEffect, ErrorBudget, Loss, LostPath, PhaseCost, SpillShare
from reports.evidence import LineReader, Place, collect_evidence, explain_missing
from reports.ground import ClockSkew, Count, Source
from reports.model import (
    SCHEMA_VERSION,
    Asked,
    Choices,
    Endpoint,
    Event,
    Failover,
    Figure,
    Finding,
    Incident,
    Mark,
    Phase,
    Report,
    Shift,
    Totals,
    Verdict,
)
from reports.queries import Query, load_query
from reports.records import Record, Row, make_record
from reports.redaction import Redaction
from reports.scenes import MOST_SCENES, SqlSession, build_scenes
from reports.series import Gap, Scene
from reports.wording import Clock

#: Rows of tables that a page can still show.
_MOST_ENDPOINTS = 500
_MOST_EJECTION_LINES = 60
_MOST_FINDINGS = 100
_MOST_SHIFTS = 100
_MOST_LOSSES = 1000
_MOST_EFFECTS = 500
_MOST_SPILLS = 500
_MOST_CLOCKS = 60


class ReportSession(SqlSession, Protocol):
    """What a report needs of a session."""

    @property
    def warnings(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def evidence(self) -> LineReader: ...  # noqa: D102


_VIEWS: Mapping[str, tuple[str, str]] = {
    "incidents": ("Which incidents does the log show?", "SELECT * FROM incidents ORDER BY incident_id::INTEGER"),
    "failovers": (
        "Which failovers are in it: one per proxy and service?",
        "SELECT * FROM failovers ORDER BY incident_id::INTEGER, failover_id",
    ),
    "events": (
        "When did what happen, and which lines show it?",
        "SELECT * FROM failover_events ORDER BY failover_id, seq",
    ),
    "phases": (
        "Which phases were there, and what did each cost?",
        "SELECT * FROM failover_phases ORDER BY failover_id, seq",
    ),
    "phase_costs": (
        "How much longer did users wait in each phase, and how many bytes crossed to another group?",
        "SELECT * FROM phase_costs ORDER BY failover_id, seq",
    ),
    "endpoints": (
        "Which endpoint served how much, and how well?",
        "SELECT * FROM endpoints\n"
        "ORDER BY service, service_port, subset,\n"
        "    list_position(['primary', 'secondary', 'unknown', 'none'], group_role), endpoint_group, endpoint",
    ),
    "shifts": (
        "When did the split of the requests of a service change, without a failover?",
        "SELECT * FROM shifts ORDER BY shift_id",
    ),
    "findings": (
        "What does not agree with what was declared, or would not work when it is needed?",
        "SELECT * FROM findings\n"
        "ORDER BY list_position(['error', 'warning', 'info'], severity), check_id, service, service_port, subject,\n"
        "    message",
    ),
    "sources": ("Which files were read, and what was in them?", "SELECT * FROM sources ORDER BY source"),
}
_VERDICTS = (
    "Were the objectives met? It needs the same objectives as options.",
    "SELECT * FROM verdicts ORDER BY objective, service, incident_id::INTEGER",
)
_BUDGETS = (
    "How much of each service's error budget did each failover use? It needs the same --slo.",
    "SELECT * FROM error_budgets ORDER BY service, failover_id NULLS LAST",
)


def build_report(
    session: ReportSession,
    *,
    title: str | None = None,
    tz: str = "UTC",
    marks: Iterable[tuple[datetime, str]] = (),
    redaction: Redaction | None = None,
    most_scenes: int = MOST_SCENES,
) -> Report:
    """Return the report of a session.

    `tz` is the IANA name of the zone that times are shown in; ZoneInfoNotFoundError where there is none such. `marks`
    are (aware time, label) pairs to draw on the timelines; `redaction` says what to take out. The same session
    gives the same report. At most `most_scenes` incidents, gateways and services get a timeline.
    """
    Clock(tz)  # an unknown zone must fail here, not in the middle of a page
    tables = {name: session.sql(sql).to_pylist() for name, (_, sql) in _VIEWS.items()}
    totals_query, rejects_query = load_query("totals"), load_query("rejects")
    clocks = load_query("clock_skews", {"most": _MOST_CLOCKS})
    failovers = tuple(make_record(Failover, row) for row in tables["failovers"])
    phases = tuple(_make_phases(tables["phases"], failovers))
    sources = tuple(_make_source(row) for row in tables["sources"])
    events = tuple(make_record(Event, row) for row in tables["events"])
    shifts = tuple(make_record(Shift, row) for row in tables["shifts"][:_MOST_SHIFTS])
    findings = tuple(make_record(Finding, row) for row in tables["findings"][:_MOST_FINDINGS])
    incidents = tuple(make_record(Incident, row) for row in tables["incidents"])
    built = build_scenes(session, incidents, failovers, phases, events=events, sources=sources, most=most_scenes)
    asked = _read_asked(session)
    verdicts, budgets, figures = _read_verdicts(session, asked)
    figures += [Figure(name, None, question, sql) for name, (question, sql) in _VIEWS.items()]
    around = _plan_surroundings() if failovers else {}
    queries = (*around.values(), totals_query, rejects_query, clocks)
    figures += [Figure(q.name, None, q.question, q.sql) for q in queries]
    found = {name: _run(session, query) for name, query in around.items()}
    skews = _run(session, clocks)
    evidence = collect_evidence(session, _list_places((*events, *shifts), built.scenes, findings), redaction)
    report = Report(
        schema_version=SCHEMA_VERSION,
        hopline_version=find_version(),
        title=title,
        time_zone=tz,
        redacted=tuple(sorted(redaction.secrets)) if redaction else (),
        choices=_read_choices(session),
        asked=asked,
        totals=_make_totals(session.sql(totals_query.statement).to_pylist()[0], sources),
        warnings=(*session.warnings, *explain_missing(session)),
        marks=_sort_marks(_make_marks(marks)),
        verdicts=verdicts,
        incidents=incidents,
        failovers=failovers,
        events=events,
        phases=phases,
        phase_costs=tuple(make_record(PhaseCost, row) for row in tables["phase_costs"]),
        losses=tuple(map(_make_loss, found.get("losses", ()))),
        error_budgets=budgets,
        ejection_effects=tuple(make_record(EjectionEffect, row) for row in found.get("ejection_effects", ())),
        spill_shares=tuple(make_record(SpillShare, row) for row in found.get("spill_shares", ())),
        scenes=built.scenes,
        scenes_left_out=built.left_out,
        endpoints=tuple(make_record(Endpoint, row) for row in tables["endpoints"][:_MOST_ENDPOINTS]),
        sources=sources,
        rejects=tuple(make_record(Count, row) for row in session.sql(rejects_query.statement).to_pylist()),
        clock_skews=tuple(make_record(ClockSkew, row) for row in skews),
        clock_skews_left_out=skews[0]["pairs"] - len(skews) if skews else 0,
        shifts=shifts,
        findings=findings,
        evidence=evidence,
        figures=(*figures, *built.figures),
    )
    return redaction.hide_report(report) if redaction else report


def adjust_report(
    report: Report, *, title: str | None = None, tz: str | None = None, marks: Iterable[tuple[datetime, str]] = ()
) -> Report:
    """Return the report with another title or time zone where one is given, and with further marks."""
    return replace(
        report,
        title=report.title if title is None else title,
        time_zone=report.time_zone if tz is None else tz,
        marks=_sort_marks((*report.marks, *_make_marks(marks))),
    )


def _make_marks(marks: Iterable[tuple[datetime, str]]) -> Iterator[Mark]:
    return (Mark(at.astimezone(UTC), label) for at, label in marks)


def _sort_marks(marks: Iterable[Mark]) -> tuple[Mark, ...]:
    return tuple(sorted(marks, key=lambda mark: (mark.at, mark.label)))


def label_phase(phase: str, primary: str | None, secondary: str | None) -> str:
    """Return the name of a phase in plain words."""
    return {
        "on_secondary": f"on {secondary or 'another group'}",
        "partial": "partial",
        "failback": f"back to {primary}" if primary else "failback",
        "relapse": "relapse",
    }.get(phase, phase)


def _make_phases(rows: Sequence[Row], failovers: Sequence[Failover]) -> Iterator[Phase]:
    sides = {f.failover_id: (f.primary, f.secondary) for f in failovers}
    for row in rows:
        yield make_record(Phase, row, label=label_phase(row["phase"], *sides[row["failover_id"]]))


def _make_source(row: Row) -> Source:
    # Arrow gives a map as pairs, whose order is that of the writer.
    others = tuple(Count(reason, count) for reason, count in sorted(row["others"] or []))
    gaps = tuple(
        Gap(row["source"], gap["gap_start"].astimezone(UTC), gap["gap_end"].astimezone(UTC))
        for gap in row["gaps"] or []
    )
    return make_record(Source, row, others=others, gaps=gaps)


def _make_totals(row: Row, sources: Sequence[Source]) -> Totals:
    return make_record(Totals, row, others=sum(count.count for source in sources for count in source.others))


def _read_choices(session: ReportSession) -> Choices:
    return _copy_fields(Choices, getattr(session, "options", None))


def _read_asked(session: ReportSession) -> Asked:
    return _copy_fields(Asked, getattr(getattr(session, "options", None), "objectives", None))


def _copy_fields(kind: type[Record], value: object) -> Record:
    """Return a record with the attributes of `value`, None where it has none; whole seconds become floats."""
    hints = get_type_hints(kind)
    given = {name: getattr(value, name, None) for name in hints}
    return kind(**{n: float(v) if isinstance(v, int) and hints[n] == float | None else v for n, v in given.items()})


def _asks_anything(asked: Asked) -> bool:
    return (asked.max_failover_s, asked.max_failed, asked.slo) != (None, None, None)


def _read_verdicts(
    session: ReportSession, asked: Asked
) -> tuple[tuple[Verdict, ...], tuple[ErrorBudget, ...], list[Figure]]:
    """Return how the objectives came out, what of the error budgets was used, and the SQL of what was asked."""
    if not _asks_anything(asked):
        return (), (), []
    verdicts = tuple(make_record(Verdict, row) for row in session.sql(_VERDICTS[1]).to_pylist())
    figures = [Figure("verdicts", None, *_VERDICTS)]
    if asked.slo is None:
        return verdicts, (), figures
    budgets = tuple(make_record(ErrorBudget, row) for row in session.sql(_BUDGETS[1]).to_pylist())
    return verdicts, budgets, [*figures, Figure("error_budgets", None, *_BUDGETS)]


def _plan_surroundings() -> dict[str, Query]:
    """Return what is asked about failovers where there are any: losses, and what routing made of ejections."""
    most = {"losses": _MOST_LOSSES, "ejection_effects": _MOST_EFFECTS, "spill_shares": _MOST_SPILLS}
    return {name: load_query(name, {"most": limit}) for name, limit in most.items()}


def _run(session: ReportSession, query: Query) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = session.sql(query.statement, query.params).to_pylist()
    return rows


def _make_loss(row: Row) -> Loss:
    return make_record(Loss, row, most=tuple(make_record(LostPath, path) for path in row["most"]))


def find_version() -> str | None:
    """Return the version of hopline; None where it is not installed."""
    try:
        return metadata.version("hopline")
    except metadata.PackageNotFoundError:
        return None


def _list_places(
    events: Sequence[Event | Shift], scenes: Sequence[Scene], findings: Sequence[Finding]
) -> Iterator[Place]:
    """Yield the lines that a page shows, the most important first."""
    for event in events:
        for source, line in ((event.source, event.line), (event.before_source, event.before_line)):
            if source is not None and line is not None:
                yield source, line
    for scene in scenes:
        for kind in scene.failure_kinds:
            if kind.source is not None and kind.line is not None:
                yield kind.source, kind.line
        for ejection in scene.ejections[:_MOST_EJECTION_LINES]:
            if ejection.source is not None and ejection.line is not None:
                yield ejection.source, ejection.line
    for finding in findings:
        if finding.source is not None and finding.line is not None:
            yield finding.source, finding.line
