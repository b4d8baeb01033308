"""Sentences: what happened in one failover, or in several of one incident, in plain words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reports.cases import Case, name_trigger, write_code
from reports.model import Failover, Scene
from reports.wording import (
    join_words,
    write_count,
    write_counted,
    write_gateway,
    write_middle,
    write_number_word,
    write_service,
    write_share,
)

#: How a run of words is meant: plain, or to be set off.
PLAIN, PRIMARY, SECONDARY, FAILED, STRONG = "", "primary", "secondary", "failed", "strong"


@dataclass(frozen=True)
class Run:
    """Some words and how they are meant."""

    text: str
    role: str = PLAIN


Sentence = tuple[Run, ...]


def write_text(sentences: Sequence[Sentence]) -> str:
    """Return sentences as plain text."""
    return " ".join("".join(run.text for run in sentence) for sentence in sentences)


def tell_failover(case: Case, failover: Failover) -> list[Sentence]:
    sentences = [_tell_start(case, failover)]
    sentences += _tell_move(case, failover)
    sentences += _tell_outages(case, failover)
    sentences.append(_tell_cost(case, failover))
    sentences += _tell_end(case, failover)
    return sentences


def _tell_start(case: Case, failover: Failover) -> Sentence:
    primary = Run(failover.primary or "the primary group", PRIMARY)
    if failover.began_before_start:
        start = min(p.starts for p in case.phases_of(failover))
        return (
            Run(
                f"When the log begins, at {case.clock.write(start, fine=False)}, {write_service(failover.service, None)} was already away from "
            ),
            primary,
            Run("."),
        )
    at = case.clock.write(failover.onset_latest, up=True) if failover.onset_latest else "a time the log does not tell"
    scene = case.scene_of(failover)
    where = _count_failing(scene, failover.primary)
    codes = _name_codes(scene)
    basis = {"inventory": ", as the inventory shows", "outlier_log": ", as its outlier log shows"}.get(
        failover.trigger_basis or "", ""
    )
    inferred = failover.trigger_basis == "traffic"
    match failover.trigger:
        case "connect_failure":
            return (Run(f"At {at}, connections to {where}"), primary, Run(f" began to fail{codes}."))
        case "tls_failure":
            return (Run(f"At {at}, TLS handshakes with {where}"), primary, Run(f" began to fail{codes}."))
        case "gateway_errors":
            return (Run(f"At {at}, {where}"), primary, Run(f" began to answer with errors{codes}."))
        case "timeouts":
            return (Run(f"At {at}, {where}"), primary, Run(f" stopped answering in time{codes}."))
        case "ejection":
            words = " (the log itself shows no failed request that explains it)" if inferred else basis
            return (Run(f"At {at}, Envoy took endpoints of "), primary, Run(f" out of the rotation{words}."))
        case "no_healthy_upstream":
            return (Run(f"At {at}, no healthy endpoint was left in "), primary, Run(f"{codes}{basis}."))
        case "endpoints_removed":
            if inferred:
                return (
                    Run(f"At {at}, traffic left "),
                    primary,
                    Run(
                        " at once, with hardly a request lost: that is how it looks when endpoints are removed, by hand or on plan."
                    ),
                )
            return (Run(f"At {at}, the endpoints of "), primary, Run(f" were removed{basis}."))
        case "planned_drain":
            return (Run(f"At {at}, "), primary, Run(f" was drained{basis}."))
    return (Run(f"At {at}, traffic began to leave "), primary, Run(", for a reason that the log does not show."))


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


def _name_codes(scene: Scene | None) -> str:
    """Return the status and flags that most lost requests carried: ` (503 UF,URX)`."""
    if scene is None or not scene.failures:
        return ""
    top = scene.failures[0]
    if 2 * sum(top.failed) < sum(sum(f.failed) for f in scene.failures):
        return ""
    return f" ({write_code(top.response_code, top.response_flags)})"


def _tell_move(case: Case, failover: Failover) -> list[Sentence]:
    secondary = Run(failover.secondary or "another group", SECONDARY)
    gateway = write_gateway(failover.cluster_id, failover.gateway)
    if failover.began_before_start:
        if not failover.served_by_secondary:
            return []
        return [
            (secondary, Run(f" answered {write_counted(failover.served_by_secondary, 'request')} until it came back."))
        ]
    spill = _after(failover.time_to_spill_min_s, failover.time_to_spill_max_s)
    full = _after(failover.time_to_full_failover_min_s, failover.time_to_full_failover_max_s)
    if failover.first_spill_latest is None:
        return [(Run("No request was sent anywhere else."),)]
    at_once = failover.time_to_spill_max_s is not None and failover.first_spill_latest == failover.onset_latest
    first = "at that moment" if at_once else spill
    if failover.full_failover_latest is not None:
        rest = (
            f", and all of them from {full} on."
            if not at_once
            else f", and all of them after {full.removesuffix(' later')}."
        )
        if not at_once:
            rest = f", and all of them {full}."
        return [(Run(f"The gateway {gateway} sent its first request to "), secondary, Run(f" {first}{rest}"))]
    share = f" ({write_share(failover.served_by_secondary, failover.requests)})" if case.covered else ""
    return [
        (
            Run(f"The gateway {gateway} sent its first request to "),
            secondary,
            Run(
                f" {first}; never all of them: {write_count(failover.served_by_secondary)} of "
                f"{write_counted(failover.requests, 'request')}{share} were answered there."
            ),
        )
    ]


def _after(least_s: float | None, greatest_s: float | None) -> str:
    return f"{write_middle(least_s, greatest_s)} later"


def _tell_outages(case: Case, failover: Failover) -> list[Sentence]:
    sentences: list[Sentence] = []
    outages = [e for e in case.events_of(failover) if e.event == "outage"]
    for event in outages[:2]:
        if event.latest is None or event.until_latest is None:
            continue
        begun, ended = case.clock.write(event.latest, up=True), case.clock.write(event.until_latest, up=True)
        lost = f"{write_count(event.failed or 0)} of {write_counted(event.requests or 0, 'request')} failed"
        sentences.append((Run(f"From {begun} to {ended} "), Run("nobody answered", FAILED), Run(f": {lost}.")))
    if len(outages) > 2:
        sentences.append((Run(f"{write_number_word(len(outages) - 2).capitalize()} more such outages followed."),))
    return sentences


def _tell_cost(case: Case, failover: Failover) -> Sentence:
    if not failover.failed:
        return (Run("No request failed", STRONG), Run(f" of the {write_count(failover.requests)} during it."))
    if not case.covered:
        return (
            Run(f"{write_counted(failover.failed, 'failed request')} logged", FAILED),
            Run(" during it; the log holds not every request, so no share is given."),
        )
    runs = [
        Run(f"{write_count(failover.failed)} of {write_counted(failover.requests, 'request')} failed", FAILED),
        Run(f" ({write_share(failover.failed, failover.requests)})"),
    ]
    relapses = [e for e in case.events_of(failover) if e.event == "relapse" and e.failed]
    later = sum(e.failed or 0 for e in relapses)
    early = sum(p.failed for p in case.phases_of(failover) if p.phase == "failing")
    parts = []
    if early and early < failover.failed:
        parts.append(f"{write_count(early)} before the failover was complete")
    if relapses:
        when = join_words([case.clock.write(e.latest, fine=False) for e in relapses[:3] if e.latest])
        times = "" if len(relapses) <= 3 else f" and {write_number_word(len(relapses) - 3)} times more"
        parts.append(f"{write_count(later)} when {failover.primary or 'the primary'} was tried again, at {when}{times}")
    return (*runs, Run(f": {join_words(parts)}." if parts else "."))


def _tell_end(case: Case, failover: Failover) -> list[Sentence]:
    if failover.open_at_end:
        end = max(p.ends for p in case.phases_of(failover))
        return [(Run(f"The log ends at {case.clock.write(end, fine=False)} with the failover still open."),)]
    back, whole = failover.first_failback_latest, failover.recovered_latest
    if back is not None and whole is not None:
        return [
            (
                Run(f"Traffic came back from {case.clock.write(back, up=True)} and was whole again at "),
                Run(case.clock.write(whole, up=True), STRONG),
                Run("."),
            )
        ]
    if whole is not None:
        return [(Run("It was whole again at "), Run(case.clock.write(whole, up=True), STRONG), Run("."))]
    return []


def tell_several(case: Case) -> list[Sentence]:
    """Return the story of several failovers at once: what they share, then the one that cost most."""
    incident, failovers = case.incident, case.failovers
    proxies = len({(f.cluster_id, f.gateway, f.proxy) for f in failovers})
    services = [write_service(name, None) for name in incident.services]
    primaries = sorted({f.primary for f in failovers if f.primary})
    secondaries = sorted({f.secondary for f in failovers if f.secondary})
    what = join_words(services) if len(services) <= 3 else write_counted(len(services), "service")
    runs = [Run(f"{what}, seen by {write_number_word(proxies)} {'proxy' if proxies == 1 else 'proxies'}, left ")]
    runs += [Run(join_words(primaries) or "their primary group", PRIMARY)]
    if secondaries:
        runs += [Run(" for "), Run(join_words(secondaries), SECONDARY)]
    if incident.started_latest is not None:
        runs.append(Run(f" from {case.clock.write(incident.started_latest, up=True)}"))
    runs.append(
        Run(" on." if incident.ended_latest is None else f" to {case.clock.write(incident.ended_latest, up=True)}.")
    )
    kinds = [
        f"{write_number_word(n)} {kind}"
        for kind in ("complete", "partial", "outage")
        if (n := sum(f.kind == kind for f in failovers))
    ]
    causes = sorted({name_trigger(f.trigger) for f in failovers})
    sentences: list[Sentence] = [
        tuple(runs),
        (
            Run(
                f"{write_number_word(len(failovers)).capitalize()} failovers belong together: {join_words(kinds)}; first signs: {join_words(causes)}."
            ),
        ),
    ]
    if not case.covered:
        cost = [
            Run(f"{write_counted(incident.failed, 'failed request')} logged", FAILED),
            Run("; the log holds not every request."),
        ]
    elif incident.failed:
        cost = [
            Run(f"{write_count(incident.failed)} of {write_counted(incident.requests, 'request')} failed", FAILED),
            Run(f" ({write_share(incident.failed, incident.requests)})."),
        ]
        worst = case.worst
        if worst.failed < incident.failed:
            proxy = write_gateway(worst.cluster_id, worst.gateway, worst.proxy)
            cost.append(Run(f" The most, {write_count(worst.failed)}, were lost by {worst.service} at {proxy}."))
    else:
        cost = [Run("No request failed", STRONG), Run(f" of the {write_count(incident.requests)} during it.")]
    sentences.append(tuple(cost))
    if incident.open_at_end:
        still = sum(f.open_at_end for f in failovers)
        sentences.append(
            (
                Run(
                    f"{write_number_word(still).capitalize()} of them {'is' if still == 1 else 'are'} still open where the log ends."
                ),
            )
        )
    return sentences
