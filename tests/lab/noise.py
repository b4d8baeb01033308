"""Odd clients: everything a client can put into an access log, or leave out of it."""

from __future__ import annotations

import random

from .load import Planner, Request, plain_request
from .mesh import Settings

#: One request in so many is odd; the odd kinds take turns.
ODD_EVERY = 4

_FORGED_ID = "00000000-0000-4000-8000-000000000000"
_FORGED_TAIL = (
    f'curl/8" "{_FORGED_ID}" "bank.example" "203.0.113.9:443" outbound|443||bank.example '
    "203.0.113.1:1 203.0.113.2:2 203.0.113.3:3 bank.example forged"
).encode()
_FORGED_LINE = b'x" [2001-01-01T00:00:00.000Z] "GET /forged HTTP/1.1" 503 UH no_healthy_upstream - "-" 0 0 0 - "-" "-'

USER_AGENTS: dict[str, bytes | None] = {
    "quotes": b'Mozilla/5.0 "quoted" (X11; "Linux")',
    "one_quote": b'"',
    "quote_at_end": b'agent with a loose end"',
    "escapes": rb"agent\n\"\x41\\ {\"json\": true}",
    "latin1": b"caf\xe9/1.0",
    "not_utf8": b"\xff\xfe\x80 agent \xc3\x28",
    "utf8": "Größe/1.0 🦊".encode(),
    "tabs": b"agent\twith\ttabs",
    "forged_tail": _FORGED_TAIL,
    "forged_line": _FORGED_LINE,
    "dash": b"-",
    "empty": b"",
    "absent": None,
    "long": b"long/" + b"x" * 3000,
}


def _odd_request(kind: str, plain: Request, number: int) -> Request:
    request_id, agent = plain.request_id, plain.user_agent
    if kind in USER_AGENTS:
        return Request(request_id, path=plain.path, user_agent=USER_AGENTS[kind], kind=kind)
    if kind == "quote_in_query":
        return Request(request_id, path="/search?q=\"a+b\"&x='%22'", user_agent=agent, kind=kind)
    if kind == "forwarded_for":
        headers = ((b"x-forwarded-for", b'198.51.100.7, "x" "y'),)
        return Request(request_id, path=plain.path, user_agent=agent, headers=headers, kind=kind)
    if kind == "hang_up":
        return Request(request_id, path=plain.path, user_agent=agent, give_up_s=0.002, kind=kind)
    if kind == "no_route":
        return Request(request_id, host="unknown.example", user_agent=agent, kind=kind)
    if kind == "head":
        return Request(request_id, path=plain.path, user_agent=agent, method="HEAD", kind=kind)
    if kind == "malformed":
        return Request(request_id, raw=b"\x16\x03\x01\x02\x00\x01 not http %d\r\n\r\n" % number, kind=kind)
    assert kind == "grpc"
    return Request(
        request_id,
        path="/shop.v1.Cart/List",
        user_agent=b"grpc-go/1.77.0",
        method="POST",
        headers=((b"content-type", b"application/grpc"), (b"te", b"trailers"), (b"content-length", b"0")),
        kind=kind,
    )


_KINDS = (
    *(
        "quotes",
        "grpc",
        "latin1",
        "hang_up",
        "forged_tail",
        "grpc",
        "not_utf8",
        "quote_in_query",
        "forged_line",
    ),
    *("grpc", "escapes", "hang_up", "one_quote", "forwarded_for", "grpc", "tabs", "no_route", "quote_at_end"),
    *("grpc", "utf8", "hang_up", "head", "dash", "grpc", "absent", "empty", "malformed", "long"),
)


def plan_noise(settings: Settings) -> Planner:
    """Return a plan in which every fourth request is odd, one kind after another."""

    def plan(number: int, rng: random.Random) -> Request:
        plain = plain_request(settings.seed, number, rng)
        if number % ODD_EVERY:
            return plain
        return _odd_request(_KINDS[number // ODD_EVERY % len(_KINDS)], plain, number)

    return plan
