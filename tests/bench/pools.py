"""What made-up requests are drawn from: values by weight, in text and in JSON, and lines that are no requests."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import polars as pl

_SERVICES = ("frontend", "cart", "products", "checkout", "users", "search", "payments", "images", "inventory", "ads")
_BROWSERS = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 "
    "Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
    "okhttp/5.3.0",
    "curl/8.17.0",
    "python-requests/2.33.0",
    "Go-http-client/2.0",
    "kube-probe/1.35",
)
#: Agents whose quotes and bytes a text log does not escape: one way only to read the line.
_ODD_AGENTS = (
    'say "hi" twice',
    'a"',
    '"quoted"',
    'caf\u00e9 "\u65e5\u672c" \U0001f600',
    'tab\tand "quote"',
)
#: Agents that hold what stands between two fields of a text line: more than one way to read it.
_AMBIGUOUS_AGENTS = ('a" "b', 'x" "11111111-2222" "evil.example')

#: (weight in 10,000, response code, flags, details, has a service time, reached a host)
_OUTCOMES = (
    (9480, 200, "-", "via_upstream", True, True),
    (120, 304, "-", "via_upstream", True, True),
    (110, 302, "-", "via_upstream", True, True),
    (120, 404, "-", "via_upstream", True, True),
    (40, 503, "-", "via_upstream", True, True),
    (
        50,
        503,
        "URX,UF",
        "upstream_reset_before_response_started{remote_connection_failure|delayed_connect_error:_111}",
        False,
        True,
    ),
    (20, 503, "UH", "no_healthy_upstream", False, False),
    (30, 504, "UT", "response_timeout", False, True),
    (30, 0, "DC", "downstream_remote_disconnect", False, True),
)

#: Malformed entries: an access-log line that nobody can read is rejected.
_BROKEN_TEXT = (
    '[2026-03-01T10:00:00.125Z] "GET /cart HTTP/1.1" 200 - via_upstream - "-" 0 51',
    '[2026-03-01T10:00:00.125Z] "GET /cut HTTP/1.1" two - via_upstream - "-" 0 512 12 11 "192.0.2.10" "curl/8.9.1" '
    '"0f8f7d1e-53c1-4c0f-9a5e-4a9d0d3b7c11" "shop.example" "10.1.2.3:8080" outbound|80||shop.example 10.1.0.9:41000 '
    "10.1.0.9:8080 192.0.2.10:51234 - default",
)
_BROKEN_JSON = (
    '{"authority":"shop.example","bytes_received":0,"bytes_sent":512,"response_code":200,"response_flags":"-","upst',
    '{"authority":"shop.example","response_code":200,"upstream_host":"10.1.2.3:8080","user_agent":"a',
)
#: Lines of the proxy and its agent that stand between the entries, by the reason that they are counted under.
_MESSAGES = (
    ("agent_message", "2026-03-01T10:00:00.639412Z\tinfo\txdsproxy\tconnected to delta upstream XDS server: istiod"),
    ("envoy_message", "[2026-03-01 10:00:00.639][14][info][upstream] cluster manager: adding 1 cluster(s)"),
)


@dataclass(frozen=True)
class Pools:
    """Tables to draw from by row; a text column `x` has a `x_json` beside it where it may need escapes."""

    outcomes: pl.DataFrame
    agents: pl.DataFrame
    odd_agents: pl.DataFrame
    ambiguous_agents: pl.DataFrame
    targets: pl.DataFrame
    paths: pl.DataFrame
    clients: pl.DataFrame
    connections: pl.DataFrame
    broken_text: pl.DataFrame
    broken_json: pl.DataFrame
    messages: pl.DataFrame


def make_pools(random: Random) -> Pools:
    """Return pools drawn with `random`; the same state gives the same pools."""
    agents = [*_BROWSERS * 12, *(f"app-client/{i}.{i % 7}.{i % 13} (build {i * 37})" for i in range(60))]
    targets = []
    for service in _SERVICES:
        host = f"{service}.mycompany.mesh"
        for _ in range(random.randrange(2, 7)):
            address = f"10.{random.randrange(4)}.{random.randrange(256)}.{random.randrange(1, 255)}:8080"
            targets.append((host, f"outbound|80||{host}", address, f"{service}-{service}.web-team.mgmt-cluster"))
    names = ("authority", "upstream_cluster", "upstream_host", "route_name")
    fixed = [
        "/",
        "/cart",
        "/checkout",
        "/healthz",
        *(f"/static/app.{random.getrandbits(32):08x}.js" for _ in range(300)),
    ]
    with_ids = [f"/products/{random.randrange(5000)}?variant=blue&size={s}" for s in "sml" for _ in range(2000)]
    return Pools(
        outcomes=_outcomes(),
        agents=_agents(agents),
        odd_agents=_agents(_ODD_AGENTS),
        ambiguous_agents=_agents(_AMBIGUOUS_AGENTS),
        targets=pl.DataFrame(targets, schema=names, orient="row"),
        paths=pl.DataFrame({"path": fixed * 8 + with_ids}),
        clients=pl.DataFrame(
            {"client": [f"10.9.{random.randrange(256)}.{random.randrange(256)}" for _ in range(5000)]}
        ),
        connections=pl.DataFrame({"local_port": [str(random.randrange(32768, 60999)) for _ in range(400)]}),
        broken_text=pl.DataFrame({"line": list(_BROKEN_TEXT)}),
        broken_json=pl.DataFrame({"line": list(_BROKEN_JSON)}),
        messages=pl.DataFrame({"reason": [r for r, _ in _MESSAGES], "line": [line for _, line in _MESSAGES]}),
    )


def _agents(agents: Sequence[str]) -> pl.DataFrame:
    return pl.DataFrame({"user_agent": agents, "user_agent_json": [json.dumps(agent) for agent in agents]})


def _outcomes() -> pl.DataFrame:
    names = ("response_code", "flags", "response_code_details", "timed", "reached")
    rows = [outcome[1:] for outcome in _OUTCOMES for _ in range(outcome[0])]
    return pl.DataFrame(rows, schema=names, orient="row").with_columns(pl.col("response_code").cast(pl.Int32))
