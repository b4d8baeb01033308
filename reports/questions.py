"""Open questions: what the logs at hand cannot tell, asked from what they carry and what they lack."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reports.cases import Case, find_cases, name_trigger
from reports.model import Failover, Report, Scene, Source, Unknowns
from reports.wording import Clock, join_words, write_count, write_counted, write_gateway, write_service, write_span

_MOST_GAPS = 3


def ask_questions(report: Report) -> tuple[str, ...]:
    """Return what the logs cannot tell, one sentence or two each, without repetition; the heaviest first."""
    asked: list[str] = []
    for case in find_cases(report):
        for failover in case.failovers:
            asked += _ask_about(case, failover)
    asked += _ask_about_requests(report.scenes, report.failovers)
    asked += _ask_about_sources(report)
    return tuple(dict.fromkeys(asked))


def _ask_about(case: Case, failover: Failover) -> Iterator[str]:
    primary = failover.primary or "the primary"
    yield from _ask_why(failover, primary)
    if failover.began_before_start:
        yield f"When and why {write_service(failover.service, None)} left {primary}: the log begins later."
    if failover.open_at_end:
        yield f"When {write_service(failover.service, None)} came back to {primary}: the log ends earlier."
    if failover.primary_basis in ("traffic", "only_group"):
        yield (
            f"Whether {primary} is the group that should serve: nothing declares it, it was taken from the traffic. "
            "`--primary` or an inventory settles it."
        )


def _ask_why(failover: Failover, primary: str) -> Iterator[str]:
    others = [name_trigger(name) for name in failover.trigger_candidates if name != failover.trigger]
    match failover.trigger:
        case "connect_failure":
            yield (
                f"Why connections to {primary} failed: the processes may have been gone, not listening, or cut off. "
                "Events and logs of the pods can tell."
            )
        case "tls_failure":
            yield f"Why TLS with {primary} failed: certificates and their expiry stand in the logs of both sides."
        case "gateway_errors":
            yield f"Why {primary} answered with errors: an access log has the status, not the reason."
        case "timeouts":
            yield f"Why {primary} did not answer in time: slow, frozen and unreachable endpoints look alike from here."
        case "ejection":
            yield (
                f"Why endpoints of {primary} were ejected: errors that a retry made good leave no failed request in the log."
            )
        case "no_healthy_upstream":
            yield f"What took the endpoints of {primary} away: the log only shows that none was left."
        case "endpoints_removed" if failover.trigger_basis == "traffic":
            yield (
                f"Whether the endpoints of {primary} were scaled down, drained on plan or failed their checks: "
                "in the log all of these look like traffic that moves at once. Events of the cluster can tell."
            )
        case "endpoints_removed":
            yield f"Who or what removed the endpoints of {primary}, and whether on purpose: the inventory shows that they went."
        case "unknown":
            yield f"What made traffic leave {primary}: neither failed requests nor an inventory or outlier log explain it."
    if others and failover.trigger_basis != "inventory" and failover.trigger != "endpoints_removed":
        yield f"Whether the cause was rather {join_words(others, 'or')}: what the log shows fits that as well."


def _ask_about_requests(scenes: Sequence[Scene], failovers: Sequence[Failover]) -> Iterator[str]:
    told = [scene for scene in scenes if scene.incident_id is not None]
    if not told:
        return
    facts = _add_up([scene.unknowns for scene in told])
    if facts.requests and not facts.with_attempt_count:
        yield (
            "How many requests succeeded only after a retry: %UPSTREAM_REQUEST_ATTEMPT_COUNT% is not logged here, "
            "and without it a retried success looks like any other."
        )
    unknown = facts.through_gateway - facts.final_known
    if unknown > 0:
        pending = f"; for {write_count(facts.final_pending)} the connection's line was not yet written" if facts.final_pending else ""
        several = f"; for {write_count(facts.final_candidates)} there are several candidates" if facts.final_candidates else ""
        yield (
            f"Which pod answered {write_count(unknown)} of the {write_counted(facts.through_gateway, 'request')} that went "
            f"through an east-west gateway{several}{pending}."
        )
    if facts.client_gone:
        are = "is" if facts.client_gone == 1 else "are"
        yield (
            f"Whether the {write_counted(facts.client_gone, 'request')} whose client left before an answer {are} part of the damage: "
            f"{'it is' if facts.client_gone == 1 else 'they are'} not counted as failed."
        )
    if any(not scene.ejections for scene in told) and any(f.trigger != "endpoints_removed" for f in failovers):
        yield "When outlier detection took which endpoint out: no outlier-event log that covers it was given."
    if any(f.failed for f in failovers):
        yield "Whether callers tried failed requests again: the log counts requests, not people."


def _add_up(facts: Sequence[Unknowns]) -> Unknowns:
    names = list(Unknowns.__dataclass_fields__)
    return Unknowns(**{name: sum(getattr(f, name) for f in facts) for name in names})


def _ask_about_sources(report: Report) -> Iterator[str]:
    clock = Clock(report.time_zone, dated=True)
    logs = [source for source in report.sources if source.access_log_rows]
    for source in logs:
        if source.coverage == "errors_only":
            yield f"How many requests there were in all: {source.source} holds nothing but errors, so shares of it mean nothing."
        elif source.coverage == "sampled":
            yield f"How many requests there were in all: {source.source} is a sample."
        yield from _ask_about_gaps(source, clock)
        if source.truncated:
            yield f"What came after the end of {source.source}: the compressed stream ends early."
    if report.totals.rejected:
        yield (
            f"What stands in the {write_counted(report.totals.rejected, 'line')} that could not be read: they are counted, not guessed at."
        )
    failed_sources = [source for source in report.sources if source.error]
    if failed_sources:
        yield f"What stands in {join_words([source.source for source in failed_sources[:3]])}: reading failed."
    gateways = sorted({write_gateway(s.cluster_id, s.gateway, s.proxy) for s in logs if s.role != "sidecar_inbound"})
    if len(gateways) == 1 and report.incidents:
        yield f"What other proxies saw: only the log of {gateways[0]} was given, and ejections are per proxy."


def _ask_about_gaps(source: Source, clock: Clock) -> Iterator[str]:
    for gap in source.gaps[:_MOST_GAPS]:
        length = (gap.gap_end - gap.gap_start).total_seconds()
        yield (
            f"What happened from {clock.write(gap.gap_start, fine=False)} to {clock.write(gap.gap_end, fine=False)} "
            f"({write_span(length, length)}): {source.source} is silent there. Silence is not health, and a gap is not an outage."
        )
    if len(source.gaps) > _MOST_GAPS:
        yield f"What happened in {write_count(len(source.gaps) - _MOST_GAPS)} more silences of {source.source}."
