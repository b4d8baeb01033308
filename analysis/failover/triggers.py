"""Triggers: what set a failover off, as far as its first symptoms tell, and how that is known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

#: Fewer lost requests than this may be connections cut by a pod that was being removed.
_FEW = 3


@dataclass(frozen=True)
class Symptom:
    """Lost requests of the same kind between onset and full failover (or in the first minute)."""

    count: int
    outcome: str
    flags: tuple[str, ...]
    details: str | None
    transport_reason: str | None
    endpoint: str | None
    duration_ms: float = 0.0


@dataclass(frozen=True)
class Evidence:
    """What else is known around the onset."""

    #: requests routed anywhere between onset and full failover
    requests: int
    #: outlier detection ejected endpoints of the primary near the onset, as its own log says
    ejections_logged: bool
    #: a snapshot taken during the failover shows fewer, but no ejected, primary endpoints than one before
    endpoints_gone: bool
    #: a snapshot taken during the failover shows ejected primary endpoints
    endpoints_ejected: bool
    #: the spill went through a lasting partial share before it was complete, or never was complete
    was_partial: bool
    #: failures came back in bursts: ejected endpoints were tried again
    was_probed: bool
    #: the log begins inside the failover: what set it off came before
    began_before_start: bool = False


@dataclass(frozen=True)
class Trigger:
    """The cause as far as it shows, its basis, what else it might have been, and the endpoint where it is one."""

    name: str
    basis: str
    candidates: tuple[str, ...]
    endpoint: str | None


def _cause_of(symptom: Symptom) -> str:
    reason = (symptom.transport_reason or "") + " " + (symptom.details or "")
    if symptom.outcome == "upstream_unreachable":
        # A reset while the TLS handshake is under way is a dead peer; a handshake that was refused names the reason.
        if any(word in reason for word in ("CERTIFICATE", "certificate", "SDS", "TLSV1", "SSLV3", "WRONG_VERSION")):
            return "tls_failure"
        return "connect_failure"
    if symptom.outcome in ("timeout", "client_gone"):
        return "timeouts"
    if symptom.outcome == "no_healthy_upstream":
        return "no_healthy_upstream"
    if {"UC", "UR"} & set(symptom.flags):
        return "connect_failure"
    return "gateway_errors"


def find_trigger(  # noqa: PLR0911
    symptoms: Sequence[Symptom], evidence: Evidence, later: Sequence[Symptom] = ()
) -> Trigger:
    """Return the trigger of a failover.

    `symptoms` are those up to full failover, `later` those after it, when ejected endpoints were tried again.
    Precedence: what an inventory declared; the lost requests of the primary, most frequent cause first; logged
    ejections; the shape of the spill. Where ejections are all there is to see at first, what was lost when the
    endpoints were tried again tells why they were ejected.
    """
    counts = _count_causes(symptoms)
    ranked = _rank(counts)
    endpoint = _single_endpoint(symptoms)
    few = sum(counts.values()) <= min(_FEW, 0.05 * evidence.requests)
    if evidence.endpoints_gone and (few or not ranked):
        return Trigger("endpoints_removed", "inventory", ("endpoints_removed", *ranked), endpoint)
    if ranked and not few:
        return Trigger(ranked[0], "symptoms", tuple(ranked), endpoint)
    # What was lost when ejected endpoints were tried again tells why they had been ejected.
    ranked = ranked or _rank(_count_causes(later))
    name = ranked[0] if ranked else "ejection"
    candidates = tuple(dict.fromkeys((name, *ranked, "ejection", "gateway_errors")))
    if evidence.endpoints_ejected or evidence.ejections_logged:
        return Trigger(name, "outlier_log" if evidence.ejections_logged else "inventory", candidates, endpoint)
    if evidence.began_before_start:
        if ranked:
            return Trigger(name, "symptoms", tuple(ranked), endpoint)
        return Trigger("unknown", "none", ("endpoints_removed", "ejection", "planned_drain"), None)
    if evidence.was_partial or evidence.was_probed:
        return Trigger(name, "traffic", candidates, endpoint)
    # All of it moved at once and next to nothing was lost: endpoints that fail do not go like that.
    candidates = tuple(dict.fromkeys(("endpoints_removed", "planned_drain", "ejection", *ranked)))
    return Trigger("endpoints_removed", "traffic", candidates, endpoint)


def _count_causes(symptoms: Sequence[Symptom]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for symptom in symptoms:
        counts[_cause_of(symptom)] += symptom.count
    return counts


def _rank(counts: Counter[str]) -> list[str]:
    """Return the causes, the most frequent first; no healthy upstream only where there is nothing else.

    It is what is left when something else took the endpoints away.
    """
    real = {name: n for name, n in counts.items() if name != "no_healthy_upstream"} or dict(counts)
    return sorted(real, key=lambda name: (-real[name], name))


def _single_endpoint(symptoms: Sequence[Symptom]) -> str | None:
    """Return the endpoint that accounts for nearly all lost requests; None where it is not one."""
    counts: Counter[str] = Counter()
    for symptom in symptoms:
        if symptom.endpoint and symptom.outcome != "no_healthy_upstream":
            counts[symptom.endpoint] += symptom.count
    if not counts:
        return None
    endpoint, count = counts.most_common(1)[0]
    return endpoint if count >= 3 and count >= 0.9 * sum(counts.values()) else None
