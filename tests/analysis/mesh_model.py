"""A model of one ingress in front of two clusters: Envoy's rules, and what is done to the endpoints.

Priorities by the 1.4 rule without panic, the less busy of two endpoints, outlier detection by errors in a row with
growing ejection times, probes after un-ejection, retries that avoid hosts already tried, connect, route and client
timeouts, and routing that follows ejections only when updates are merged. tests/analysis/test_mesh_model.py holds it
against recordings of a real Envoy.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.analysis.simulate import GATEWAY, PODS, entry

#: What Envoy's default for the merging of endpoint updates is.
MERGE_WINDOW_S = 1.0
#: Base of the back-off between retries, in seconds: Envoy's default.
_BACKOFF_S = 0.025
#: How often a retry picks again when it met a host that was tried already.
_PICKS = 5


@dataclass(frozen=True)
class Settings:
    """Envoy's settings, and the clients'; times in seconds where the name does not say milliseconds."""

    rate: float
    lasts: float
    outlier_interval_s: float = 10.0
    base_ejection_s: float = 30.0
    consecutive_5xx: int = 5
    retries: int = 2
    connect_timeout_s: float = 10.0
    route_timeout_s: float = 0.0
    client_timeout_s: float = 15.0
    service_ms: float = 5.0
    remote_ms: float = 9.0
    seed: int = 1


@dataclass(frozen=True)
class Fault:
    """What is done to some endpoints for a while (seconds since the first request).

    `fate` is refuses (connections), answers_503, answers_4xx, vanishes (packets), mute (accepts, and never answers) or
    removed (from the list of endpoints).
    """

    endpoints: Sequence[str]
    fate: str
    since: float
    until: float


@dataclass
class _Host:
    address: str
    priority: int
    in_a_row: int = 0
    ejected_at: float | None = None
    times: int = 0
    #: requests under way on its connections
    active: int = 0
    #: requests that wait for a connection to this host
    waiting: list[_Request] = field(default_factory=list)


@dataclass
class _Request:
    began: float
    tried: list[str] = field(default_factory=list)
    host: _Host | None = None
    is_over: bool = False


class _Mesh:
    def __init__(self, settings: Settings, faults: Sequence[Fault]) -> None:
        self.settings, self.faults = settings, faults
        self.chance = random.Random(settings.seed)
        self.hosts = [_Host(pod, 0) for pod in PODS] + [_Host(GATEWAY, 1)]
        self.rows: list[dict[str, Any]] = []
        self._queue: list[tuple[float, int, Callable[[float], None]]] = []
        self._count = 0
        #: hosts that routing takes for healthy: it follows the ejections when they are merged
        self._routed = {host.address for host in self.hosts}
        self._merged_at, self._is_due = -MERGE_WINDOW_S, False

    def at(self, when: float, what: Callable[[float], None]) -> None:
        self._count += 1
        heapq.heappush(self._queue, (when, self._count, what))

    def run(self) -> list[dict[str, Any]]:
        for n in range(int(self.settings.rate * self.settings.lasts)):
            began = n / self.settings.rate + 0.0007
            self.at(began, self._begin)
        tick = self.chance.uniform(0, self.settings.outlier_interval_s)
        while tick < self.settings.lasts:
            self.at(tick, self._look)
            tick += self.settings.outlier_interval_s
        while self._queue:
            when, _, what = heapq.heappop(self._queue)
            what(when)
        return self.rows

    def _fate(self, host: _Host, now: float) -> str:
        return next((f.fate for f in self.faults if host.address in f.endpoints and f.since <= now < f.until), "well")

    # Routing

    def _begin(self, now: float) -> None:
        request = _Request(now)
        self.at(now + self.settings.client_timeout_s, lambda then: self._leave(request, then))
        if self.settings.route_timeout_s:
            self.at(now + self.settings.route_timeout_s, lambda then: self._time_out(request, then))
        self._attempt(request, now)

    def _choose(self, request: _Request, now: float) -> _Host | None:
        listed = [host for host in self.hosts if self._fate(host, now) != "removed"]
        ranks = sorted({host.priority for host in listed})
        groups = [[host for host in listed if host.priority == rank] for rank in ranks]
        healthy = [[host for host in group if host.address in self._routed] for group in groups]
        scores = [min(100, 140 * len(well) // len(group)) for well, group in zip(healthy, groups, strict=True)]
        total = min(100, sum(scores))
        if not total:
            return None
        first = min(100, scores[0] * 100 // total)
        for _ in range(_PICKS + 1):
            group = healthy[0] if self.chance.random() * 100 < first or len(healthy) == 1 else healthy[1]
            host = min(self.chance.choice(group), self.chance.choice(group), key=lambda one: one.active)
            if host.address not in request.tried:
                return host
        return host

    def _attempt(self, request: _Request, now: float) -> None:
        if request.is_over:
            return
        host = request.host = self._choose(request, now)
        if host is None:
            self._end(request, now, "UH")
            return
        request.tried.append(host.address)
        fate = self._fate(host, now)
        took = (self.settings.remote_ms + 6 if host.priority else self.settings.service_ms) / 1000
        took *= self.chance.uniform(0.6, 1.4)
        if fate in ("refuses", "vanishes"):
            host.waiting.append(request)
            wait = 0.0005 if fate == "refuses" else self.settings.connect_timeout_s
            self.at(now + wait, lambda then: self._fail_connection(host, fate, then))
            return
        host.active += 1
        if fate != "mute":
            answer = {"answers_503": "503", "answers_4xx": self.chance.choice(("404", "429"))}.get(fate, "200")
            self.at(now + took, lambda then: self._answer(request, host, answer, then))

    def _fail_connection(self, host: _Host, fate: str, now: float) -> None:
        """A connection that fails takes all requests with it that wait for one to the same host."""
        self._judge(host, now, is_error=True)
        waiting, host.waiting = host.waiting, []
        for request in waiting:
            self._retry(request, now, "UF" if fate == "refuses" else "UF timeout")

    def _answer(self, request: _Request, host: _Host, answer: str, now: float) -> None:
        if request.is_over or request.host is not host:
            return
        host.active -= 1
        self._judge(host, now, is_error=answer == "503")
        if answer == "503":
            self._retry(request, now, "503")
        else:
            self._end(request, now, answer)

    def _retry(self, request: _Request, now: float, why: str) -> None:
        if request.is_over:
            return
        tries = len(request.tried)
        if tries > self.settings.retries:
            self._end(request, now, why)
            return
        wait = self.chance.uniform(0, _BACKOFF_S * (2**tries - 1))
        self.at(now + wait, lambda then: self._attempt(request, then))

    def _leave(self, request: _Request, now: float) -> None:
        if not request.is_over:
            self._end(request, now, "DC")

    def _time_out(self, request: _Request, now: float) -> None:
        if not request.is_over:
            if request.host:
                request.host.active -= 1
                self._judge(request.host, now, is_error=True)
            self._end(request, now, "UT")

    # Outlier detection

    def _judge(self, host: _Host, now: float, *, is_error: bool) -> None:
        host.in_a_row = host.in_a_row + 1 if is_error else 0
        if host.in_a_row >= self.settings.consecutive_5xx and host.ejected_at is None:
            host.in_a_row, host.ejected_at, host.times = 0, now, host.times + 1
            self._update(now)

    def _look(self, now: float) -> None:
        """Take back what has been out for its time; what was in for an interval is trusted a little more."""
        for host in self.hosts:
            if host.ejected_at is None:
                host.times = max(0, host.times - 1)
            elif now - host.ejected_at >= self.settings.base_ejection_s * host.times:
                host.ejected_at = None
                self._update(now)

    def _update(self, now: float) -> None:
        if now - self._merged_at >= MERGE_WINDOW_S:
            self._merge(now)
        elif not self._is_due:
            self._is_due = True
            self.at(self._merged_at + MERGE_WINDOW_S, self._merge)

    def _merge(self, now: float) -> None:
        self._merged_at, self._is_due = now, False
        self._routed = {host.address for host in self.hosts if host.ejected_at is None}

    # Lines

    def _end(self, request: _Request, now: float, how: str) -> None:
        request.is_over = True
        took = int((now - request.began) * 1000)
        host = request.host
        connected = how in ("200", "404", "429", "503", "UT")
        self.rows.append(
            entry(
                request.began,
                **_HOW[how if how != "UF" or not host or not host.priority else "UF remote"],
                duration_ms=took,
                upstream_host=host.address if host else None,
                upstream_local_address=f"127.1.0.11:{self.chance.randint(32768, 60999)}" if connected else None,
                upstream_service_time_ms=took if how in ("200", "404", "429", "503") else None,
            )
        )


_REFUSED = "delayed_connect_error:_Connection_refused"
_RESET = "TLS_error:|33554536:system_library:OPENSSL_internal:Connection_reset_by_peer:TLS_error_end"
_BEFORE = "upstream_reset_before_response_started{%s}"

#: How a request can end, as Envoy logs it.
_HOW: dict[str, dict[str, Any]] = {
    "200": {"bytes_sent": 10429},
    "404": {"response_code": 404, "bytes_sent": 10},
    "429": {"response_code": 429, "bytes_sent": 10},
    "503": {"response_code": 503, "response_flags": ["URX"], "bytes_sent": 10},
    "UF": {
        "response_code": 503,
        "response_flags": ["URX", "UF"],
        "response_code_details": _BEFORE % f"remote_connection_failure|{_REFUSED}",
        "upstream_transport_failure_reason": _REFUSED,
        "bytes_sent": 121,
    },
    "UF remote": {
        "response_code": 503,
        "response_flags": ["URX", "UF"],
        "response_code_details": _BEFORE % f"remote_connection_failure|{_RESET}",
        "upstream_transport_failure_reason": _RESET,
        "bytes_sent": 121,
    },
    "UF timeout": {
        "response_code": 503,
        "response_flags": ["URX", "UF"],
        "response_code_details": _BEFORE % "connection_timeout",
        "bytes_sent": 114,
    },
    "UH": {
        "response_code": 503,
        "response_flags": ["UH"],
        "response_code_details": "no_healthy_upstream",
        "bytes_sent": 19,
    },
    "UT": {
        "response_code": 504,
        "response_flags": ["UT"],
        "response_code_details": "response_timeout",
        "bytes_sent": 24,
    },
    "DC": {
        "response_code": 0,
        "response_flags": ["DC"],
        "response_code_details": "downstream_remote_disconnect",
        "bytes_sent": 0,
    },
}


def simulate(settings: Settings, faults: Sequence[Fault]) -> list[dict[str, Any]]:
    """Return the access log of the ingress, a row per request, in the order in which they ended."""
    return _Mesh(settings, faults).run()
