"""Subjects: what belongs on the chart of one scene, and what that is called."""

from __future__ import annotations

from reports import wording
from reports.charts import Subject
from reports.model import Report
from reports.series import Scene


def make_subject(report: Report, scene: Scene) -> Subject:
    """Return a scene with its failovers, their phases and events, and what else its chart shows."""
    ids = set(scene.failover_ids)
    return Subject(
        scene,
        [f for f in report.failovers if f.failover_id in ids],
        [p for p in report.phases if p.failover_id in ids],
        [e for e in report.events if e.failover_id in ids],
        report.incidents,
        report.marks,
    )


def name_scene(report: Report, scene: Scene) -> str:
    """Return `frontend.mycompany.mesh:80 at cluster1/ingress`: the service, and the gateway where that is one."""
    name = wording.write_service(scene.service, scene.service_port, scene.subset)
    own = next((f for f in report.failovers if f.failover_id in scene.failover_ids), None)
    return f"{name} at {wording.write_gateway(own.cluster_id, own.gateway)}" if own else name
