"""The story: what a report says in plain words, from its model alone.

It says no more than the logs carry: an instant comes with the interval it lies in further down the page, a cause with
its basis, and what cannot be known is asked openly (`reports.questions`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reports.cards import Card, make_cards, make_rollup
from reports.cases import Case, find_cases, is_unsettled, measure_incident, measure_outages
from reports.model import Report
from reports.sentences import FAILED, STRONG, Run, Sentence, tell_failover, tell_price, tell_several
from reports.wording import (
    Clock,
    join_words,
    write_capital,
    write_count,
    write_counted,
    write_gateway,
    write_number_word,
    write_seconds_in_words,
    write_share,
)


@dataclass(frozen=True)
class Chapter:
    """The story of one incident: a headline, when and where, the sentences, the figures."""

    incident_id: str
    headline: str
    standfirst: str
    sentences: tuple[Sentence, ...]
    cards: tuple[Card, ...]


@dataclass(frozen=True)
class Story:
    """What a report says: one chapter per incident; without any, `sentences` say what was looked at."""

    headline: str
    standfirst: str
    sentences: tuple[Sentence, ...]
    chapters: tuple[Chapter, ...]


def tell_story(report: Report) -> Story:
    """Return the whole story of a report."""
    chapters = tuple(_tell_incident(case) for case in find_cases(report))
    headline = report.title or _write_headline(report, chapters)
    if len(chapters) == 1:
        return Story(headline, chapters[0].standfirst, chapters[0].sentences, chapters)
    return Story(headline, _write_period(report), _tell_all(report, chapters), chapters)


def _write_headline(report: Report, chapters: Sequence[Chapter]) -> str:
    if len(chapters) == 1:
        return chapters[0].headline
    if chapters:
        return f"{_name_services(report)} failed over {_count_times(len(chapters))}"
    if not report.totals.requests:
        return "Nothing to report: no request in the log"
    return "No failover found" if can_tell(report) else "No failover can be told from this log"


def can_tell(report: Report) -> bool:
    """Say whether a failover could have been seen: entries name their endpoints, and successes are logged as well."""
    return report.totals.attributed > 0 and all(source.coverage != "errors_only" for source in report.sources)


def _name_services(report: Report) -> str:
    services = sorted({failover.service or "an unknown service" for failover in report.failovers})
    return services[0] if len(services) == 1 else f"{write_capital(write_number_word(len(services)))} services"


def _count_times(number: int) -> str:
    return {1: "once", 2: "twice"}.get(number, f"{write_number_word(number)} times")


def _write_period(report: Report) -> str:
    totals = report.totals
    if totals.first_time is None or totals.last_time is None:
        return ""
    clock = Clock(report.time_zone)
    if clock.same_day(totals.first_time, totals.last_time):
        first, last = clock.write(totals.first_time, fine=False), clock.write(totals.last_time, fine=False)
        return f"{clock.write_date(totals.first_time)}, {first} to {last} ({report.time_zone})."
    first, last = clock.write_full(totals.first_time), clock.write_full(totals.last_time)
    return f"{first} to {last} ({report.time_zone})."


def _tell_all(report: Report, chapters: Sequence[Chapter]) -> tuple[Sentence, ...]:
    """Return what is said above the incidents, or instead of them."""
    totals = report.totals
    if chapters:
        failed = sum(i.failed for i in report.incidents)
        whole = sum(i.requests for i in report.incidents)
        lost = f"{write_count(failed)} of {write_counted(whole, 'request')} failed" if failed else "No request failed"
        times = f"{_name_services(report)} failed over {_count_times(len(chapters))}. In all, "
        covered = all(case.covered for case in find_cases(report))
        return (
            (Run(times), Run(lost, FAILED if failed else STRONG), Run(" meanwhile; each incident has its section.")),
            *tell_price(report.failovers, covered=covered),
        )
    if not totals.requests:
        return (_tell_nothing_read(report),)
    clock = Clock(report.time_zone, dated=not _is_one_day(report))
    between = ""
    if totals.first_time is not None and totals.last_time is not None:
        between = (
            f" between {clock.say(totals.first_time, fine=False)} and "
            f"{clock.say(totals.last_time, fine=False, up=True)} ({report.time_zone})"
        )
    lost = f"{write_counted(totals.failed, 'request')} failed" if totals.failed else "none failed"
    share = f" ({write_share(totals.failed, totals.requests)})" if totals.failed else ""
    what = f"{write_counted(totals.requests, 'request')} to {write_counted(totals.services, 'service')}"
    seen = f"through {write_counted(totals.proxies, 'proxy', 'proxies')}"
    if any(source.coverage == "errors_only" for source in report.sources):
        told = f"{between}: {what} {seen}, {lost}. The log holds nothing but errors, so it was filtered, and neither "
        told += "a share nor where the other requests went can be told from it."
        return ((Run("No failover can be told", STRONG), Run(told)),)
    counted = Run(f"{between}: {what} {seen}, {lost}{share}.")
    if not can_tell(report):
        return ((Run("No failover can be told", STRONG), counted), (Run(_explain_blindness(report)),))
    sentences: list[Sentence] = [(Run("No failover found", STRONG), counted)]
    groups = sorted({e.endpoint_group for e in report.endpoints if e.endpoint_group and e.requests})
    if report.shifts:
        times = _count_times(len(report.shifts))
        sentences.append((Run(f"How requests are split changed {times} for good, without a failover: see Shifts."),))
    elif len(groups) == 1:
        sentences.append((Run(f"Every request that found an endpoint was sent to {groups[0]}."),))
    elif groups:
        sentences.append((Run(f"Requests were sent to {join_words(groups)}, and none moved from one to another."),))
    return tuple(sentences)


def _explain_blindness(report: Report) -> str:
    """Return why nothing can be said about where requests went."""
    if any(endpoint.endpoint is not None for endpoint in report.endpoints):
        return (
            "No entry says which cluster its endpoint belongs to, so a failover could not have been seen: give an "
            "inventory (-i)."
        )
    return (
        "No entry says which endpoint served it, so a failover could not have been seen: log %UPSTREAM_HOST% and "
        "%UPSTREAM_CLUSTER%, as Istio's default format does."
    )


def _is_one_day(report: Report) -> bool:
    """Say whether the log lies within one day of the report's zone."""
    first, last = report.totals.first_time, report.totals.last_time
    return first is None or last is None or Clock(report.time_zone).same_day(first, last)


def _tell_nothing_read(report: Report) -> Sentence:
    totals = report.totals
    if totals.access_log_rows:
        return (Run(f"None of the {write_counted(totals.access_log_rows, 'entry', 'entries')} is in this selection."),)
    if not totals.entries_read:
        return (Run(f"{write_counted(totals.sources, 'source')} read, with nothing in it: there is nothing to tell."),)
    read = f"{write_counted(totals.entries_read, 'line')} read from {write_counted(totals.sources, 'source')}"
    return (Run(f"{read}, but none of them is an access-log entry that hopline knows; see the data sources below."),)


def _tell_incident(case: Case) -> Chapter:
    single = len(case.failovers) == 1
    sentences = tell_failover(case, case.failovers[0]) if single else tell_several(case)
    return Chapter(
        incident_id=case.incident.incident_id,
        headline=_name_incident(case),
        standfirst=_write_standfirst(case),
        sentences=tuple(sentences),
        cards=make_cards(case, case.failovers[0]) if single else make_rollup(case),
    )


def _name_incident(case: Case) -> str:
    worst, incident = case.worst, case.incident
    services = incident.services
    name = services[0] if len(services) == 1 else f"{write_capital(write_number_word(len(services)))} services"
    if case.filtered:
        return f"{name} lost {write_counted(incident.failed, 'request')}, says a log of errors only"
    length = measure_incident(case)
    lasting = f" for {write_seconds_in_words(length)}" if length is not None else ""
    away = worst.served_by_secondary and worst.secondary
    silent = max(measure_outages(case, f) for f in case.failovers)
    if incident.open_at_end:
        lasting = ", and still did when the log ended" if away else ", and was not back when the log ended"
    if incident.kind == "outage" and not away:
        return f"{name} had no answer{lasting}"
    if not away:
        return f"{name} lost requests on {worst.primary or 'its endpoints'}{lasting}"
    did = f"partly ran on {worst.secondary}" if incident.kind == "partial" else f"ran on {worst.secondary}"
    if silent and len(case.failovers) > 1:
        away = f"while away from {worst.primary or 'its primary group'}"
        did = f"had no answer for up to {write_seconds_in_words(silent)} {away}"
    elif silent:
        did = f"had no answer for {write_seconds_in_words(silent)} and ran on {worst.secondary}"
    elif is_unsettled(case) and length is not None:
        did = f"went back and forth between {worst.primary} and {worst.secondary}"
    return f"{name} {did}{lasting}"


def _write_standfirst(case: Case) -> str:
    incident, clock = case.incident, case.clock
    phases = case.phases
    first = incident.started_latest or min(p.starts for p in phases)
    last = incident.ended_latest or max(p.ends for p in phases)
    zone = f"({clock.zone_name})"
    if clock.dated:
        when = f"{clock.write_full(first, fine=True)} to {clock.write_full(last, fine=True)} {zone}"
    else:
        when = f"{clock.write_date(first)}, {clock.write(first)} to {clock.write(last)} {zone}"
    gateways = sorted({write_gateway(f.cluster_id, f.gateway) for f in case.failovers})
    proxies = {(f.cluster_id, f.gateway, f.proxy) for f in case.failovers}
    where = f"Gateway {gateways[0]}" if len(gateways) == 1 else f"Gateways {join_words(gateways)}"
    if len(proxies) > 1:
        where += f", {write_number_word(len(proxies))} proxies"
    ports = sorted({f.service_port for f in case.failovers if f.service_port is not None})
    if ports:
        where += f", port{'s' if len(ports) > 1 else ''} {join_words([str(port) for port in ports])}"
    return f"{when}. {where}."
