"""Cases: an incident with everything in the report that belongs to it, and words for its parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from reports.costs import EjectionEffect, Loss, PhaseCost, SpillShare
from reports.model import Event, Failover, Incident, Phase, Report
from reports.series import Ejection, Failure, Scene
from reports.wording import Clock


@dataclass(frozen=True)
class Case:
    """An incident with everything in the report that belongs to it."""

    incident: Incident
    failovers: tuple[Failover, ...]
    events: tuple[Event, ...]
    phases: tuple[Phase, ...]
    scenes: tuple[Scene, ...]
    clock: Clock
    costs: tuple[PhaseCost, ...] = ()
    losses: tuple[Loss, ...] = ()
    effects: tuple[EjectionEffect, ...] = ()
    spills: tuple[SpillShare, ...] = ()

    def events_of(self, failover: Failover) -> tuple[Event, ...]:
        """Return the events of one failover, in their order."""
        return tuple(event for event in self.events if event.failover_id == failover.failover_id)

    def phases_of(self, failover: Failover) -> tuple[Phase, ...]:
        """Return the phases of one failover, in their order."""
        return tuple(phase for phase in self.phases if phase.failover_id == failover.failover_id)

    def costs_of(self, failover: Failover) -> tuple[PhaseCost, ...]:
        """Return what each phase of one failover cost but for the health around it, in their order."""
        return tuple(c for c in self.costs if c.failover_id == failover.failover_id and c.phase != "healthy")

    def losses_of(self, failover: Failover) -> tuple[Loss, ...]:
        """Return the lost requests of one failover by phase and flags, in the order of the phases."""
        return tuple(loss for loss in self.losses if loss.failover_id == failover.failover_id)

    def spills_of(self, failover: Failover) -> tuple[SpillShare, ...]:
        """Return how the split followed the ejections while one failover lasted."""
        return tuple(spill for spill in self.spills if spill.failover_id == failover.failover_id)

    def effect_of(self, scene: Scene, ejection: Ejection) -> EjectionEffect | None:
        """Return what routing made of an ejection that a scene shows; None where that is not told."""
        wanted = (scene.service, scene.service_port, *_identify(ejection))
        return next((e for e in self.effects if (e.service, e.service_port, *_identify(e)) == wanted), None)

    def scene_of(self, failover: Failover) -> Scene | None:
        """Return the scene that shows a failover; None where it was left out."""
        return next((scene for scene in self.scenes if failover.failover_id in scene.failover_ids), None)

    @property
    def worst(self) -> Failover:
        """The failover that cost most."""
        return max(self.failovers, key=lambda f: (f.failed, f.served_by_secondary, f.requests))

    @property
    def filtered(self) -> bool:
        """True where the log holds nothing but errors, so that it cannot show where traffic went."""
        return any(scene.coverage == "errors_only" for scene in self.scenes)

    @property
    def covered(self) -> bool:
        """False where the log is known not to hold all requests, so that shares of it mean nothing."""
        return all(scene.coverage not in ("errors_only", "sampled") for scene in self.scenes)


def find_cases(report: Report) -> tuple[Case, ...]:
    """Return each incident of the report with what belongs to it."""
    cases = []
    for incident in report.incidents:
        failovers = tuple(f for f in report.failovers if f.incident_id == incident.incident_id)
        ids = {f.failover_id for f in failovers}
        phases = tuple(p for p in report.phases if p.failover_id in ids)
        scenes = tuple(s for s in report.scenes if s.incident_id == incident.incident_id)
        first, last = _find_extent(incident, phases)
        clock = Clock(report.time_zone)
        clock = Clock(report.time_zone, dated=not clock.same_day(first, last))
        case = Case(
            incident,
            failovers,
            tuple(e for e in report.events if e.failover_id in ids),
            phases,
            scenes,
            clock,
            costs=tuple(c for c in report.phase_costs if c.failover_id in ids),
            losses=tuple(loss for loss in report.losses if loss.failover_id in ids),
            effects=report.ejection_effects,
            spills=tuple(spill for spill in report.spill_shares if spill.failover_id in ids),
        )
        cases.append(case)
    return tuple(cases)


def _identify(ejection: Ejection | EjectionEffect) -> tuple[object, ...]:
    e = ejection
    return e.basis, e.cluster_id, e.gateway, e.proxy, e.endpoint, e.ejected_at


def _find_extent(incident: Incident, phases: Sequence[Phase]) -> tuple[datetime, datetime]:
    first = incident.started_earliest or min(phase.starts for phase in phases)
    last = incident.ended_latest or max(phase.ends for phase in phases)
    return first, last


def measure_incident(case: Case) -> float | None:
    """Return how long the service was served elsewhere, in seconds; None where an end is not known.

    Where one stay does not tell it, because there are several failovers or traffic went to and fro, it is the time from
    the first sign to the last recovery.
    """
    if case.incident.open_at_end or case.incident.began_before_start:
        return None
    stay = measure_stay(case, case.worst) if len(case.failovers) == 1 and not is_unsettled(case) else None
    if stay is not None:
        return stay
    first, last = case.incident.started_latest, case.incident.ended_latest
    return (last - first).total_seconds() if first is not None and last is not None else None


def measure_stay(case: Case, failover: Failover) -> float | None:
    """Return for how many seconds another group answered between full failover and failback; None where unknown."""
    least, greatest = failover.time_on_secondary_min_s, failover.time_on_secondary_max_s
    if least is None or greatest is None:
        return None
    return max((least + greatest) / 2 - measure_outages(case, failover, inside=True), 0.0)


def is_unsettled(case: Case) -> bool:
    """Say whether the primary failed again after traffic had come back, so that no one stay tells the story."""
    return any(
        event.event == "relapse" and event.latest is not None and back is not None and event.latest > back
        for failover in case.failovers
        for back in (failover.first_failback_latest,)
        for event in case.events_of(failover)
    )


def measure_outages(case: Case, failover: Failover, *, inside: bool = False) -> float:
    """Return for how many seconds nobody answered during a failover, or only `inside` its stay on another group."""
    full, back = failover.full_failover_latest, failover.first_failback_latest
    total = 0.0
    for event in case.events_of(failover):
        if event.event != "outage" or event.latest is None or event.until_latest is None:
            continue
        begin, end = event.latest, event.until_latest
        if inside and full is not None and back is not None:
            begin, end = max(begin, full), min(end, back)
        total += max((end - begin).total_seconds(), 0.0)
    return total


def name_trigger(trigger: str) -> str:
    """Return a trigger in plain words."""
    return {
        "endpoints_removed": "endpoints removed",
        "planned_drain": "planned drain",
        "connect_failure": "connections failed",
        "tls_failure": "TLS handshakes failed",
        "gateway_errors": "errors from the endpoints",
        "timeouts": "no answer in time",
        "ejection": "endpoints ejected",
        "no_healthy_upstream": "no healthy endpoint",
        "unknown": "unknown",
    }.get(trigger, trigger.replace("_", " "))


def write_code(code: int | None, flags: Sequence[str]) -> str:
    """Return how lost requests were logged: `503 UF,URX`."""
    words = [str(code)] if code is not None else []
    if flags:
        words.append(",".join(flags))
    return " ".join(words) or "no flags"


def find_proof(event: Event) -> tuple[str, int]:
    """Return the (source, line) that shows an event best: ("", 0) where there is none.

    That is the first entry which shows it; the last error is shown by itself, not by the entry after it.
    """
    source, line = event.source, event.line
    if event.event == "last_primary_error" and event.before_source is not None:
        source, line = event.before_source, event.before_line
    return (source or "", line or 0) if source is not None and line is not None else ("", 0)


def find_symptom(scene: Scene | None, failover: Failover) -> Failure | None:
    """Return the kind of failure that shows what set a failover off; None where no kind stands out.

    That nobody was left comes after what took the endpoints away, so it counts only where it is all there is.
    """
    if scene is None:
        return None
    first = [k for k in scene.failure_kinds if k.outcome != "no_healthy_upstream"]
    if failover.trigger == "no_healthy_upstream" or not first:
        first = list(scene.failure_kinds)
    return first[0] if first and 2 * first[0].requests >= sum(kind.requests for kind in first) else None
