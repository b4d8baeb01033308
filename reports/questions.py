"""Open questions: what the logs at hand cannot tell, asked from what they carry and what they lack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from reports.cases import Case, find_cases, find_symptom, name_trigger
from reports.clocks import ask_about_clocks
from reports.ground import Source
from reports.model import Failover, Report
from reports.series import Scene, Unknowns
from reports.wording import (
    Clock,
    join_words,
    write_count,
    write_counted,
    write_gateway,
    write_seconds,
    write_service,
)

_MOST_GAPS = 3

#: What each trigger leaves open; {primary} stands for the group that lost its traffic.
_WHY: Mapping[str, str] = {
    "connect_failure": (
        "Why connections to {primary} failed: the processes may have been gone, not listening, or cut off. "
        "Events and logs of the pods can tell."
    ),
    "tls_failure": "Why TLS with {primary} failed: certificates and their expiry stand in the logs of both sides.",
    "gateway_errors": "Why {primary} answered with errors: an access log has the status, not the reason.",
    "timeouts": (
        "Why {primary} did not answer in time: slow, frozen and unreachable endpoints look alike to the caller."
    ),
    "ejection": (
        "Why endpoints of {primary} were ejected: an error that a retry made good leaves no failed request in the log."
    ),
    "no_healthy_upstream": "What took the endpoints of {primary} away: the log only shows that none was left.",
    "endpoints_removed": (
        "Who or what removed the endpoints of {primary}, and whether on purpose: the inventory only shows that they "
        "went."
    ),
    "planned_drain": "Who drained {primary}, and what for.",
    "unknown": (
        "What made traffic leave {primary}: neither failed requests nor an inventory or an outlier log explain it."
    ),
}
_REFUSED = (
    "Why {primary} refused connections: the processes were gone or not listening, and their own logs and events can "
    "tell why."
)
_REMOVED_OR_NOT = (
    "Whether the endpoints of {primary} were scaled down, drained on plan or failed their checks: in the log all of "
    "these look like traffic that moves at once. Events of the cluster can tell."
)


def ask_questions(report: Report) -> tuple[str, ...]:
    """Return what the logs cannot tell, one sentence or two each, without repetition; the heaviest first."""
    asked: list[str] = []
    for case in find_cases(report):
        for failover in case.failovers:
            asked += _ask_about(case, failover)
    asked += _ask_about_endpoints(report)
    asked += _ask_about_requests(report.scenes, report.failovers)
    asked += ask_about_clocks(report)
    asked += _ask_about_sources(report)
    return tuple(dict.fromkeys(asked))


def _ask_about_endpoints(report: Report) -> Iterator[str]:
    """Ask where requests went that nothing attributes, where these are enough to hide a failover."""
    totals = report.totals
    unknown = totals.unattributed
    if not unknown or 100 * unknown < totals.requests:
        return
    of = "" if unknown == totals.requests else f"{write_count(unknown)} of "
    yield (
        f"Which cluster served {of}{'the ' if of else ''}{write_counted(totals.requests, 'request')}: no entry and no "
        "inventory tells where the endpoints are. A failover among them would not be seen."
    )


def _ask_about(case: Case, failover: Failover) -> Iterator[str]:
    primary, service = failover.primary or "the primary", write_service(failover.service, None)
    if case.filtered:
        return
    if failover.began_before_start:
        yield f"When and why {service} left {primary}: the log begins later."
    else:
        yield _ask_why(case, failover).format(primary=primary)
    others = [name_trigger(name) for name in failover.trigger_candidates if name != failover.trigger]
    if (
        others
        and not failover.began_before_start
        and failover.trigger_basis != "inventory"
        and failover.trigger != "endpoints_removed"
    ):
        yield f"Whether the cause was rather {join_words(others, 'or')}: what the log shows fits that as well."
    if failover.open_at_end:
        yield f"When {service} came back to {primary}: the log ends earlier."
    if failover.primary_basis in ("traffic", "only_group"):
        yield (
            f"Whether {primary} is the group that should serve {service}: nothing declares it, it was taken from the "
            "traffic. --primary or an inventory settles it."
        )


def _ask_why(case: Case, failover: Failover) -> str:
    if failover.trigger == "endpoints_removed" and failover.trigger_basis == "traffic":
        return _REMOVED_OR_NOT
    symptom = find_symptom(case.scene_of(failover), failover)
    details = symptom.response_code_details if symptom else None
    # Envoy writes what the kernel said into the details: refused is more than merely failed.
    if failover.trigger == "connect_failure" and "connection_refused" in (details or "").lower():
        return _REFUSED
    return _WHY.get(failover.trigger, _WHY["unknown"])


def _ask_about_requests(scenes: Sequence[Scene], failovers: Sequence[Failover]) -> Iterator[str]:
    told = [scene for scene in scenes if scene.incident_id is not None]
    if not told:
        return
    facts = _add_up([scene.unknowns for scene in told if scene.unknowns is not None])
    if facts.requests and not facts.with_attempt_count:
        yield (
            "How many requests succeeded only after a retry: %UPSTREAM_REQUEST_ATTEMPT_COUNT% is not logged here, "
            "and without it a retried success looks like any other."
        )
    unknown = facts.through_gateway - facts.final_known
    if unknown > 0:
        through = write_counted(facts.through_gateway, "request")
        of = "the " if unknown == facts.through_gateway else f"{write_count(unknown)} of the "
        which = f"Which pod answered {of}{through} that went through an east-west gateway"
        if facts.final_candidates:
            which += f"; for {write_count(facts.final_candidates)} there are several candidates"
        if facts.final_pending:
            which += f"; for {write_count(facts.final_pending)} the line of the connection was not yet written"
        yield f"{which}."
    if facts.client_gone:
        one = facts.client_gone == 1
        yield (
            f"Whether the {write_counted(facts.client_gone, 'request')} whose client left before an answer "
            f"{'is' if one else 'are'} part of the damage: {'it is' if one else 'they are'} not counted as failed."
        )
    logged = all(any(ejection.basis == "logged" for ejection in scene.ejections) for scene in told)
    if not logged and any(f.trigger != "endpoints_removed" for f in failovers):
        yield "When exactly outlier detection took which endpoint out: no outlier-event log that covers it was given."
    if any(failover.failed for failover in failovers):
        yield "Whether callers tried failed requests again: the log counts requests, not people."


def _add_up(facts: Sequence[Unknowns]) -> Unknowns:
    names = list(Unknowns.__dataclass_fields__)
    return Unknowns(**{name: sum(getattr(one, name) for one in facts) for name in names})


def _ask_about_sources(report: Report) -> Iterator[str]:
    clock = Clock(report.time_zone, dated=True)
    logs = [source for source in report.sources if source.access_log_rows]
    for source in logs:
        whole = f"How many requests there were in all: {source.source}"
        if source.coverage == "errors_only":
            yield f"{whole} holds nothing but errors, so shares of it mean nothing."
        elif source.coverage == "sampled":
            yield f"{whole} is a sample."
        yield from _ask_about_gaps(source, clock)
        if source.truncated:
            yield f"What came after the end of {source.source}: the compressed stream ends early."
    if report.totals.rejected:
        lines = write_counted(report.totals.rejected, "line")
        yield f"What stands in the {lines} that could not be read: they are counted, not guessed at."
    unread = [source.source for source in report.sources if source.error]
    if unread:
        more = f" and {write_count(len(unread) - 3)} more" if len(unread) > 3 else ""
        yield f"What stands in {join_words(unread[:3])}{more}: reading failed."
    gateways = {write_gateway(s.cluster_id, s.gateway, s.proxy) for s in logs if s.role != "sidecar_inbound"}
    if len(gateways) == 1 and report.incidents:
        yield f"What other proxies saw: only the log of {min(gateways)} was given, and ejections are per proxy."


def _ask_about_gaps(source: Source, clock: Clock) -> Iterator[str]:
    for gap in source.gaps[:_MOST_GAPS]:
        begin, end = clock.write(gap.gap_start, fine=False), clock.write(gap.gap_end, fine=False)
        length = write_seconds((gap.gap_end - gap.gap_start).total_seconds())
        yield (
            f"What happened from {begin} to {end} ({length}): {source.source} is silent there. Silence is not health, "
            "and a gap is not an outage."
        )
    if len(source.gaps) > _MOST_GAPS:
        yield f"What happened in {write_count(len(source.gaps) - _MOST_GAPS)} more silences of {source.source}."
