"""Small worlds for the tests of reports: access logs of simulated failovers, written as text and read by ingest.

Every world is a function of nothing but itself, so the reports made of it can be compared word by word.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import analysis
import ingest

START = datetime(2026, 11, 23, 20, 54, 0, tzinfo=UTC)
FRONTEND, CHECKOUT = "frontend.mycompany.mesh", "checkout.mycompany.mesh"
PODS = {FRONTEND: ("10.1.1.1:8080", "10.1.1.2:8080", "10.1.1.3:8080"), CHECKOUT: ("10.1.2.1:9090", "10.1.2.2:9090")}
GATEWAY = "10.2.0.10:15443"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
REFUSED = "upstream_reset_before_response_started{remote_connection_failure|delayed_connect_error:_Connection_refused}"


@dataclass(frozen=True)
class Answer:
    """How one request ended: None as host means that no endpoint was found."""

    host: str | None
    ms: int
    code: int = 200
    flags: str = "-"
    details: str = "via_upstream"
    reason: str = "-"


@dataclass
class World:
    """Files of one world: path -> bytes; `answers` of each log are written in the order of their end."""

    files: dict[str, bytes] = field(default_factory=dict)

    def log(
        self,
        proxy: str,
        rate: float,
        until: float,
        behave: Callable[[float, random.Random], Answer | None],
        *,
        service: str = FRONTEND,
        since: float = 0.0,
        path: Callable[[random.Random], str] = lambda chance: chance.choice(("/", "/cart?id=7", "/static/app.js")),
        agent: str = BROWSER,
        percent: int = 100,
    ) -> None:
        """Add `rate` requests a second from `since` to `until` to the log of an ingress; None is a silence.

        `percent` is the share that Envoy's runtime filter would have kept: request ids tell.
        """
        chance = random.Random(f"{proxy}{service}{since}")
        lines: list[tuple[float, str]] = []
        for n in range(round((until - since) * rate)):
            at = since + n / rate + 0.0007
            answer = behave(at, chance)
            if answer is not None:
                identity = f"{chance.randrange(40_000_000) * 100 + chance.randrange(percent):08x}"
                text = write_line(
                    START + timedelta(seconds=at), answer, service, path(chance), agent, f"{n:05}{identity}"
                )
                lines.append((at + answer.ms / 1000, text))
        name = f"logs/cluster1/ingress/{proxy}.log"
        old = [(i - 1e9, line) for i, line in enumerate(self.files.get(name, b"").decode().splitlines())]
        merged = sorted(old + lines) if not old else old + sorted(lines)
        self.files[name] = "".join(f"{line}\n" for _, line in merged).encode()

    def declare(self, service: str = FRONTEND) -> None:
        """Add a config dump that declares the endpoints of a service: its pods, then the gateway of cluster2."""
        groups = []
        for priority, (cluster, endpoints) in enumerate((("cluster1", PODS[service]), ("cluster2", (GATEWAY,)))):
            hosts = []
            for endpoint in endpoints:
                address, port = endpoint.split(":")
                socket = {"socket_address": {"address": address, "port_value": int(port)}}
                istio = {"filter_metadata": {"istio": {"workload": f"frontend;web;frontend;v1;{cluster}"}}}
                hosts.append({"endpoint": {"address": socket}, "health_status": "HEALTHY", "metadata": istio})
            groups.append({"locality": {"region": f"region-{cluster}"}, "lb_endpoints": hosts, "priority": priority})
        assignment = {"cluster_name": f"outbound|80||{service}", "endpoints": groups}
        kind = "type.googleapis.com/envoy.admin.v3.EndpointsConfigDump"
        dump = {"configs": [{"@type": kind, "static_endpoint_configs": [{"endpoint_config": assignment}]}]}
        self.files["logs/cluster1/ingress/config_dump.json"] = json.dumps(dump).encode()

    def eastwest(self) -> None:
        """Add a log of cluster2's east-west gateway, whose address tells which cluster it belongs to."""
        line = (
            f'[{stamp(START + timedelta(seconds=1))}] "- - -" 0 - - - "-" 1200 9000 2500 - "-" "-" "-" "-" '
            f'"10.2.1.1:8080" outbound_.80_._.{FRONTEND} 10.2.0.10:40000 {GATEWAY} 10.1.0.11:50000 '
            f"outbound_.80_._.{FRONTEND} -\n"
        )
        self.files["logs/cluster2/eastwest/eastwest-1.log"] = line.encode()

    def ejections(self, proxy: str, spells: list[tuple[str, float, float | None]], service: str = FRONTEND) -> None:
        """Add an outlier-event log: (endpoint, ejected at, back at) in seconds since START."""
        events = []
        for endpoint, begin, end in spells:
            common = {"cluster_name": f"outbound|80||{service}", "upstream_url": endpoint, "enforced": True}
            eject = {"type": "CONSECUTIVE_5XX", "action": "EJECT", "num_ejections": 1, "eject_consecutive_event": {}}
            events.append((begin, {**common, **eject, "timestamp": stamp(START + timedelta(seconds=begin))}))
            if end is not None:
                back = {"type": "CONSECUTIVE_5XX", "action": "UNEJECT", "num_ejections": 1}
                events.append((end, {**common, **back, "timestamp": stamp(START + timedelta(seconds=end))}))
        text = "".join(json.dumps(event) + "\n" for _, event in sorted(events, key=lambda pair: pair[0]))
        self.files[f"logs/cluster1/ingress/{proxy}.outlier-events.log"] = text.encode()


def stamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"


def write_line(at: datetime, answer: Answer, service: str, path: str, agent: str, identity: str) -> str:
    host = f'"{answer.host}"' if answer.host else '"-"'
    number = int(identity[:5])
    request_id = f"{identity[5:]}-0000-4000-8000-{identity[1:5]}{identity[5:]}"
    took = "-" if answer.host is None or answer.code == 503 else answer.ms - 1
    return (
        f'[{stamp(at)}] "GET {path} HTTP/1.1" {answer.code} {answer.flags} {answer.details} - "{answer.reason}" 0 512 '
        f'{answer.ms} {took} "-" "{agent}" "{request_id}" "{service}" {host} '
        f"outbound|80||{service} 10.1.0.11:{40000 + number % 20000} 10.1.0.11:8080 192.0.2.7:{1024 + number % 60000} "
        "- -"
    )


def healthy(service: str = FRONTEND) -> Callable[[float, random.Random], Answer]:
    return lambda t, chance: Answer(chance.choice(PODS[service]), chance.randint(3, 9))


def remote(chance: random.Random) -> Answer:
    return Answer(GATEWAY, chance.randint(12, 31))


def refused(chance: random.Random, service: str = FRONTEND) -> Answer:
    return Answer(
        chance.choice(PODS[service]), chance.randint(20, 40), 503, "URX,UF", REFUSED, "delayed_connect_error:_111"
    )


def nobody() -> Answer:
    return Answer(None, 0, 503, "UH", "no_healthy_upstream")


def crashing(
    begin: float, end: float, service: str = FRONTEND, probe: float | None = None
) -> Callable[[float, random.Random], Answer]:
    """Refuse connections for a second from `begin`, then go remote until `end`, then come back over five seconds."""

    def behave(t: float, chance: random.Random) -> Answer:
        if begin <= t < begin + 1 or (probe is not None and probe <= t < probe + 0.7):
            early = t < begin + 0.15
            return refused(chance, service) if early or chance.random() < 0.6 else remote(chance)
        if begin <= t < end or (end <= t < end + 5 and chance.random() > (t - end) / 5):
            return remote(chance)
        return healthy(service)(t, chance)

    return behave


def crash() -> World:
    """The pods of cluster1 refuse connections for 23 s; one probe burst; staged failback; ejections logged."""
    world = World()
    world.log("ingress-1", 40, 64, crashing(12, 35, probe=19.2))
    world.ejections(
        "ingress-1",
        [(pod, 12.1 + n / 50, 19.2) for n, pod in enumerate(PODS[FRONTEND])]
        + [(pod, 19.5 + n / 50, 35.0 + 2 * n) for n, pod in enumerate(PODS[FRONTEND])],
    )
    world.eastwest()
    return world


def scaled_to_zero() -> World:
    """Traffic moves between two requests and comes back so; nothing fails."""
    world = World()
    world.log("ingress-1", 40, 80, lambda t, c: remote(c) if 12 <= t < 28 else healthy()(t, c))
    world.eastwest()
    return world


def several() -> World:
    """Three proxies and two services in one incident."""
    world = World()
    for n in range(3):
        for service, begin in ((FRONTEND, 12.0), (CHECKOUT, 14.0)):
            world.log(f"ingress-{n + 1}", 12, 90, crashing(begin + n * 0.4, 35 + n, service), service=service)
    world.ejections("ingress-1", [(pod, 12.4, 35.0) for pod in PODS[FRONTEND]])
    world.eastwest()
    return world


def days() -> World:
    """Three days at three requests a minute, one of them on cluster2, and a silence of three hours."""
    world = World()
    hour = 3600

    def behave(t: float, chance: random.Random) -> Answer | None:
        if 46 * hour <= t < 49 * hour:
            return None
        if 20 * hour <= t < 20.2 * hour:
            return refused(chance)
        return remote(chance) if 20 * hour <= t < 44 * hour else healthy()(t, chance)

    world.log("ingress-1", 0.05, 72 * hour, behave)
    world.eastwest()
    return world


def incidents() -> World:
    """Two failovers half an hour apart: two incidents."""
    world = World()
    first, second = crashing(60, 85), crashing(2400, 2460)
    world.log("ingress-1", 4, 3000, lambda t, c: first(t, c) if t < 1200 else second(t, c))
    world.eastwest()
    return world


def outage() -> World:
    """The primary fails and nobody takes over for ten seconds; then cluster2 does."""
    world = World()

    def behave(t: float, chance: random.Random) -> Answer:
        if 12 <= t < 22:
            return refused(chance) if t < 12.5 else nobody()
        return remote(chance) if 22 <= t < 40 else healthy()(t, chance)

    world.log("ingress-1", 30, 90, behave)
    world.eastwest()
    return world


def inside() -> World:
    """The log begins and ends inside a failover."""
    world = World()
    world.log("ingress-1", 20, 60, lambda t, c: healthy()(t, c) if 20 <= t < 22 else remote(c))
    world.eastwest()
    return world


def nothing() -> World:
    """Nothing moves; a snapshot names the clusters of the endpoints."""
    world = World()
    world.log("ingress-1", 20, 60, healthy())
    world.declare()
    return world


def nameless() -> World:
    """Nothing moves, and nothing tells which cluster the endpoints belong to."""
    world = World()
    world.log("ingress-1", 20, 60, healthy())
    return world


def empty() -> World:
    """A log without a byte."""
    return World({"logs/cluster1/ingress/ingress-1.log": b""})


def errors_only() -> World:
    """A log from which everything but errors was filtered."""
    world = World()
    world.log("ingress-1", 20, 60, lambda t, c: refused(c) if 12 <= t < 14 or 30 <= t < 31 else None)
    world.eastwest()
    return world


def sampled() -> World:
    """The crash, as a log shows it of which one request in ten was kept."""
    world = World()
    world.log("ingress-1", 20, 64, crashing(12, 35), percent=10)
    world.eastwest()
    return world


#: What an attacker would write into a field that lands on a page.
HOSTILE = (
    "</script><script>document.title='owned'</script>",
    "<img src=x onerror=document.title='owned'>",
    "\u202eevil\u2066",
    "\x1b[31m\x07",
    "{{ 7*7 }}{% raw %}",
    "=cmd|'/C calc'!A0",
    "[click](https://evil.example/) `code` | pipe",
    "%{customdata[0]}<a href='https://evil.example/'>x</a>",
    "A" * 100_000,
)


def hostile() -> World:
    """A crash in which clients wrote whatever they liked into paths, agents and hosts."""
    world = World()
    service = "</script><script>alert(1)</script>.mesh"
    behave = crashing(12, 35)
    for n, text in enumerate(HOSTILE):
        world.log("ingress-1", 5, 64, behave, path=lambda c, t=text: "/" + t.replace(" ", "%20"), since=n / 100)  # type: ignore[misc]
        world.log("ingress-1", 5, 64, behave, agent=text.replace('"', ""), since=n / 100 + 0.005)
    world.log("ingress-1", 5, 64, crashing(12, 35), service=service)
    world.files["logs/cluster1/ingress/ingress-1.log"] += b'\xff\xfe not a line "<script>\n'
    world.eastwest()
    return world


WORLDS: dict[str, Callable[[], World]] = {
    world.__name__: world
    for world in (
        crash,
        scaled_to_zero,
        several,
        days,
        incidents,
        outage,
        inside,
        nothing,
        nameless,
        empty,
        errors_only,
        sampled,
        hostile,
    )
}


@contextmanager
def opened(world: World, folder: Path, options: analysis.Options | None = None) -> Iterator[analysis.Session]:
    """Write a world below `folder`, which must be the working folder, and open a session on it."""
    for name, content in world.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    tables = folder / "tables"
    tables.mkdir()
    parsed = ingest.parse(["logs"], folder=tables)
    with analysis.open_session(parsed, options) as session:
        yield session
