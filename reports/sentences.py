"""Sentences: what happened in one failover, or in several of one incident, in plain words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from reports.amounts import describe_price
from reports.cases import Case, find_symptom, measure_outages, name_trigger, write_code
from reports.model import Failover
from reports.series import Scene
from reports.wording import (
    join_words,
    write_capital,
    write_count,
    write_counted,
    write_gateway,
    write_middle,
    write_number_word,
    write_seconds,
    write_service,
    write_share,
    write_span,
)

#: How a run of words is meant: plain, or to be set off.
PLAIN, PRIMARY, SECONDARY, FAILED, STRONG = "", "primary", "secondary", "failed", "strong"


@dataclass(frozen=True)
class Run:
    """Some words and how they are meant."""

    text: str
    role: str = PLAIN


Sentence = tuple[Run, ...]

#: What set a failover off, before and after the name of the primary. {at}: when; {of}: `all three endpoints of `, or
#: nothing; {codes}: status and flags; {basis}: how it is known where the log alone does not show it.
_OPENINGS: Mapping[str, tuple[str, str]] = {
    "connect_failure": ("At {at}, connections to {of}", " began to fail{codes}."),
    "tls_failure": ("At {at}, TLS handshakes with {of}", " began to fail{codes}."),
    "gateway_errors": ("At {at}, {of}", " began to answer with errors{codes}."),
    "timeouts": ("At {at}, {of}", " stopped answering in time{codes}."),
    "ejection": ("At {at}, Envoy took endpoints of ", " out of the rotation{basis}."),
    "no_healthy_upstream": ("At {at}, no healthy endpoint was left in ", "{codes}{basis}."),
    "endpoints_removed": ("At {at}, the endpoints of ", " were removed{basis}."),
    "planned_drain": ("At {at}, ", " was drained{basis}."),
    "unknown": ("At {at}, traffic began to leave ", ", for a reason that the log does not show."),
}
_BASES: Mapping[str, str] = {
    "inventory": ", as the inventory shows",
    "outlier_log": ", as its outlier log shows",
}
#: The same where only the shape of the traffic speaks for it.
_INFERRED: Mapping[str, tuple[str, str]] = {
    "endpoints_removed": (
        "At {at}, traffic left ",
        " at once and hardly a request was lost: it looks like endpoints that were removed, by hand or on plan.",
    ),
    "ejection": (
        "At {at}, traffic began to leave ",
        ", as it does when Envoy takes endpoints out of the rotation; no failed request in the log explains it.",
    ),
}


def write_text(sentences: Sequence[Sentence]) -> str:
    """Return sentences as plain text."""
    return " ".join("".join(run.text for run in sentence) for sentence in sentences)


def tell_failover(case: Case, failover: Failover) -> list[Sentence]:
    """Return the story of one failover: what set it off, where traffic went, what it cost, how it ended."""
    if case.filtered:
        return [_tell_filtered(case, failover)]
    return [
        _tell_start(case, failover),
        *_tell_move(case, failover),
        *_tell_outages(case, failover),
        _tell_cost(case, failover),
        *tell_price((failover,), covered=case.covered),
        *_tell_end(case, failover),
    ]


def _tell_start(case: Case, failover: Failover) -> Sentence:
    primary = Run(failover.primary or "the primary group", PRIMARY)
    if failover.began_before_start:
        start = case.clock.say(min(p.starts for p in case.phases_of(failover)), fine=False)
        service = write_service(failover.service, None)
        return (Run(f"When the log begins, at {start}, {service} was already away from "), primary, Run("."))
    opening = _OPENINGS.get(failover.trigger, _OPENINGS["unknown"])
    if failover.trigger_basis == "traffic":
        opening = _INFERRED.get(failover.trigger, opening)
    scene = case.scene_of(failover)
    words = {
        "at": case.clock.say(failover.onset_latest, up=True) if failover.onset_latest else "an unknown time",
        "of": _count_failing(scene, failover.primary),
        "codes": _name_codes(scene, failover),
        "basis": _BASES.get(failover.trigger_basis or "", ""),
    }
    before, after = (part.format(**words) for part in opening)
    return (Run(before), primary, Run(after))


def _tell_filtered(case: Case, failover: Failover) -> Sentence:
    """Say what a log that does not hold every request can tell: that some failed, not where the others went."""
    phases = [p for p in case.phases_of(failover) if p.failed] or list(case.phases_of(failover))
    begin, end = min(p.starts for p in phases), max(p.ends for p in phases)
    between = f"Between {case.clock.say(begin, fine=False)} and {case.clock.say(end, fine=False)}"
    codes = _name_codes(case.scene_of(failover), failover)
    return (
        Run(f"{between} the log holds "),
        Run(write_counted(failover.failed, "failed request"), FAILED),
        Run(f" to {write_service(failover.service, None)}{codes}. It holds nothing but errors, so "),
        Run("neither a share nor where the others went can be told from it."),
    )


def _count_failing(scene: Scene | None, primary: str | None) -> str:
    """Return `all three endpoints of `, where that many of the primary's endpoints lost requests; else nothing."""
    if scene is None or scene.endpoints_left_out:
        return ""
    own = [e for e in scene.endpoints if e.endpoint_group == primary and e.group_role == "primary"]
    failing = sum(1 for e in own if any(e.failed))
    if not failing or len(own) < 2:
        return ""
    if failing == len(own):
        return f"{'both' if failing == 2 else 'all ' + write_number_word(failing)} endpoints of "
    return f"{write_number_word(failing)} of {write_number_word(len(own))} endpoints of "


def _name_codes(scene: Scene | None, failover: Failover) -> str:
    """Return the status and flags that the requests lost at the beginning carried: ` (503 UF,URX)`."""
    symptom = find_symptom(scene, failover)
    return f" ({write_code(symptom.response_code, symptom.response_flags)})" if symptom else ""


def _tell_move(case: Case, failover: Failover) -> list[Sentence]:
    secondary = Run(failover.secondary or "another group", SECONDARY)
    served = failover.served_by_secondary
    if failover.began_before_start:
        return [(secondary, Run(f" answered {write_counted(served, 'request')} meanwhile."))] if served else []
    if failover.first_spill_latest is None:
        return [(Run("No request was sent anywhere else."),)]
    gateway = write_gateway(failover.cluster_id, failover.gateway)
    at_once = _same(failover, "onset", "first_spill")
    if _same(failover, "first_spill", "full_failover"):
        when = "at that moment" if at_once else _after(failover.time_to_spill_min_s, failover.time_to_spill_max_s)
        apart = write_span(None, failover.time_to_full_failover_max_s).removeprefix("at most ")
        between = f", between two requests that began {apart} apart" if at_once else ""
        return [(Run(f"The gateway {gateway} sent all of its requests to "), secondary, Run(f" {when}{between}."))]
    spill = "at that moment" if at_once else _after(failover.time_to_spill_min_s, failover.time_to_spill_max_s)
    if failover.full_failover_latest is not None:
        full = _after(failover.time_to_full_failover_min_s, failover.time_to_full_failover_max_s)
        rest = f", and all of them {full}."
    else:
        share = f" ({write_share(served, failover.requests)})" if case.covered else ""
        of = f"{write_count(served)} of {write_counted(failover.requests, 'request')}{share}"
        rest = f"; never all of them: it answered {of}."
    return [(Run(f"The gateway {gateway} sent its first request to "), secondary, Run(f" {spill}{rest}"))]


def _same(failover: Failover, first: str, second: str) -> bool:
    """Say whether two instants lie between the same two log lines."""
    return (
        getattr(failover, f"{first}_latest") is not None
        and getattr(failover, f"{first}_earliest") == getattr(failover, f"{second}_earliest")
        and getattr(failover, f"{first}_latest") == getattr(failover, f"{second}_latest")
    )


def _after(least_s: float | None, greatest_s: float | None) -> str:
    return f"{write_middle(least_s, greatest_s)} later"


def _tell_outages(case: Case, failover: Failover) -> list[Sentence]:
    sentences: list[Sentence] = []
    outages = [e for e in case.events_of(failover) if e.event == "outage" and e.latest and e.until_latest]
    for event in outages[:2]:
        if event.latest is None or event.until_latest is None:
            continue
        begun, ended = case.clock.say(event.latest, up=True), case.clock.say(event.until_latest, up=True)
        lost = f"{write_count(event.failed or 0)} of {write_counted(event.requests or 0, 'request')} failed"
        sentences.append((Run(f"From {begun} to {ended} "), Run("nobody answered", FAILED), Run(f": {lost}.")))
    if len(outages) > 2:
        more = write_counted(len(outages) - 2, "more such outage")
        sentences.append((Run(f"{write_capital(more)} followed."),))
    return sentences


def _tell_cost(case: Case, failover: Failover) -> Sentence:
    if not failover.failed:
        of = f" of the {write_count(failover.requests)} during it"
        return (Run("No request failed", STRONG), Run(f"{of}." if case.covered else f"{of} that were logged."))
    if not case.covered:
        logged = write_counted(failover.requests, "request")
        return (
            Run(f"{write_count(failover.failed)} of {logged} in the log failed", FAILED),
            Run("; the log is a sample, so how many failed in all can only be guessed."),
        )
    runs = [
        Run(f"{write_count(failover.failed)} of {write_counted(failover.requests, 'request')} failed", FAILED),
        Run(f" ({write_share(failover.failed, failover.requests)})"),
    ]
    relapses = [e for e in case.events_of(failover) if e.event == "relapse" and e.failed and e.latest]
    early = sum(p.failed for p in case.phases_of(failover) if p.phase == "failing")
    parts = []
    if early and early < failover.failed:
        parts.append(f"{write_count(early)} before the failover was complete")
    if relapses:
        later = write_count(sum(e.failed or 0 for e in relapses))
        when = join_words([case.clock.say(e.latest, fine=False) for e in relapses[:3] if e.latest])
        times = f" and {write_counted(len(relapses) - 3, 'more time')}" if len(relapses) > 3 else ""
        parts.append(f"{later} when {failover.primary or 'the primary'} was tried again, at {when}{times}")
    return (*runs, Run(f": {join_words(parts)}." if parts else "."))


def tell_price(failovers: Sequence[Failover], *, covered: bool) -> list[Sentence]:
    """Return how much longer users waited in failovers, and how many bytes crossed; nothing where that is nothing."""
    price = describe_price(failovers, covered=covered)
    return [(Run(price),)] if price else []


def _tell_end(case: Case, failover: Failover) -> list[Sentence]:
    if failover.open_at_end:
        end = max(p.ends for p in case.phases_of(failover))
        return [(Run(f"The log ends at {case.clock.say(end, fine=False)} with the failover still open."),)]
    back, whole = failover.first_failback_latest, failover.recovered_latest
    if whole is None:
        return []
    end_run = (Run(case.clock.say(whole, up=True), STRONG), Run("."))
    if back is None:
        return [(Run("It was whole again at "), *end_run)]
    if _same(failover, "first_failback", "recovered"):
        return [(Run("Traffic came back, all at once, at "), *end_run)]
    return [(Run(f"Traffic came back from {case.clock.say(back, up=True)} and was whole again at "), *end_run)]


def tell_several(case: Case) -> list[Sentence]:
    """Return the story of several failovers at once: what they share, and what they cost together."""
    causes = sorted({name_trigger(f.trigger) for f in case.failovers})
    together = f"{write_capital(write_number_word(len(case.failovers)))} failovers belong together"
    signs = f"the first sign{'s' if len(causes) > 1 else ''}: {join_words(causes)}"
    sentences: list[Sentence] = [
        _tell_extent(case),
        (Run(f"{together}, {_count_kinds(case.failovers)}; {signs}."),),
        *_tell_common_outages(case),
        _tell_common_cost(case),
        *tell_price(case.failovers, covered=case.covered),
    ]
    if case.incident.open_at_end:
        still = sum(f.open_at_end for f in case.failovers)
        who = write_capital(write_number_word(still))
        sentences.append((Run(f"{who} of them {'is' if still == 1 else 'are'} still open where the log ends."),))
    return sentences


def _count_kinds(failovers: Sequence[Failover]) -> str:
    """Return how many failovers are of which kind: `all of them complete`, `two complete and one with an outage`."""
    words = {"outage": "with an outage"}
    counts = {
        kind: count for kind in ("complete", "partial", "outage") if (count := sum(f.kind == kind for f in failovers))
    }
    if len(counts) == 1:
        kind = next(iter(counts))
        return f"{'both' if len(failovers) == 2 else 'all'} of them {words.get(kind, kind)}"
    return join_words([f"{write_number_word(count)} {words.get(kind, kind)}" for kind, count in counts.items()])


def _tell_common_outages(case: Case) -> Iterator[Sentence]:
    """Yield how long nobody answered, where that is so, at the proxy that saw it longest."""
    lengths = [(measure_outages(case, failover), failover) for failover in case.failovers]
    longest, failover = max(lengths, key=lambda one: one[0])
    if not longest:
        return
    proxy = write_gateway(failover.cluster_id, failover.gateway, failover.proxy)
    service = f"{failover.service} at {proxy}" if len(case.incident.services) > 1 else proxy
    seen = sum(1 for length, _ in lengths if length)
    of = "" if seen == len(lengths) else f", seen in {write_number_word(seen)} of the failovers"
    yield (Run("Nobody answered", FAILED), Run(f" for up to {write_seconds(longest)} ({service}){of}."))


def _tell_extent(case: Case) -> Sentence:
    incident, failovers = case.incident, case.failovers
    proxies = len({(f.cluster_id, f.gateway, f.proxy) for f in failovers})
    services = [write_service(name, None) for name in incident.services]
    what = join_words(services) if len(services) <= 3 else write_counted(len(services), "service")
    seen = f"{write_number_word(proxies)} {'proxy' if proxies == 1 else 'proxies'}"
    primaries = sorted({f.primary for f in failovers if f.primary})
    secondaries = sorted({f.secondary for f in failovers if f.secondary})
    runs = [Run(f"{what}, seen by {seen}, left "), Run(join_words(primaries) or "their primary group", PRIMARY)]
    if secondaries:
        runs += [Run(" for "), Run(join_words(secondaries), SECONDARY)]
    if incident.started_latest is not None:
        runs.append(Run(f" from {case.clock.say(incident.started_latest, up=True)}"))
    ended = incident.ended_latest
    runs.append(Run(" on." if ended is None else f" to {case.clock.say(ended, up=True)}."))
    return tuple(runs)


def _tell_common_cost(case: Case) -> Sentence:
    incident, worst = case.incident, case.worst
    if not incident.failed:
        return (Run("No request failed", STRONG), Run(f" of the {write_count(incident.requests)} during it."))
    if not case.covered:
        return (
            Run(f"{write_counted(incident.failed, 'failed request')} logged", FAILED),
            Run("; the log does not hold every request, so no share is given."),
        )
    runs = [
        Run(f"{write_count(incident.failed)} of {write_counted(incident.requests, 'request')} failed", FAILED),
        Run(f" ({write_share(incident.failed, incident.requests)})."),
    ]
    if worst.failed < incident.failed:
        proxy = write_gateway(worst.cluster_id, worst.gateway, worst.proxy)
        runs.append(Run(f" The most, {write_count(worst.failed)}, were lost for {worst.service} at {proxy}."))
    return tuple(runs)
