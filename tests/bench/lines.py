"""Batches of made-up access-log lines, as text and as JSON, with the rows that they must become."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random

import polars as pl
import pyarrow as pa

from tests.bench.pools import Pools, make_pools
from tests.bench.truth import COLUMNS

#: Lines made at a time: some 6 MB of text.
BATCH_LINES = 16_384
_BEGINNING = int(datetime(2026, 3, 1, 10, tzinfo=UTC).timestamp()) * 1000
_GATEWAY = "10.1.0.11"
#: Lines per ten thousand that are a TCP connection.
_TCP = 100


@dataclass(frozen=True)
class Rates:
    """Shares (0 to 1) of the lines: odd and ambiguous ones are rows, broken ones rejects, messages neither."""

    odd: float = 0.001
    ambiguous: float = 0.0001
    broken: float = 0.0005
    messages: float = 0.0005


@dataclass(frozen=True)
class Batch:
    """Lines (without their ends) and what they are: `rows` has the 24 columns, `line` and `ambiguous`."""

    lines: pl.Series
    rows: pl.DataFrame
    odd: int
    broken: int
    messages: dict[str, int]


def make_batches(encoding: str, seed: int, rates: Rates) -> Iterator[Batch]:
    """Yield batches without end; `encoding` is text or json. The same seed gives the same lines."""
    random = Random(seed)
    pools = make_pools(random)
    time, first_line = _BEGINNING, 1
    while True:
        frame = _requests(random, pools, rates, time, first_line)
        time = int(frame["end"][-1])
        line = _json_line() if encoding == "json" else _text_line()
        frame = frame.with_columns(line.alias("text"))
        broken = pools.broken_json if encoding == "json" else pools.broken_text
        frame = _replaced(frame, "broken", broken["line"])
        frame = _replaced(frame, "message", pools.messages["line"])
        messages = frame.filter("message").select((pl.col("pick") % len(pools.messages)).alias("pick"))["pick"]
        rows = frame.filter(~pl.col("broken") & ~pl.col("message"))
        ambiguous = pl.lit(value=False) if encoding == "json" else pl.col("ambiguous")
        yield Batch(
            lines=frame["text"],
            rows=rows.select(*_typed_columns(), "line", ambiguous.alias("ambiguous")),
            odd=int((rows["odd"] & ~rows["ambiguous"]).sum()),
            broken=int(frame["broken"].sum()),
            messages={pools.messages["reason"][pick]: n for pick, n in messages.value_counts().iter_rows()},
        )
        first_line += len(frame)


def _draw(random: Random, count: int, name: str) -> pl.Series:
    """Return `count` random numbers of 64 bits."""
    data = pa.py_buffer(random.randbytes(8 * count))
    return pl.Series(name, pa.Array.from_buffers(pa.uint64(), count, [None, data]))


def _pick(pool: pl.DataFrame, numbers: pl.Series) -> pl.DataFrame:
    return pool[(numbers % len(pool)).cast(pl.UInt32)]


def _requests(random: Random, pools: Pools, rates: Rates, time: int, first_line: int) -> pl.DataFrame:
    """Draw what happened; text columns are as a text log shows them (`-` = nothing)."""
    count = BATCH_LINES
    a, b, c, d, e = (_draw(random, count, name) for name in "abcde")
    frame = pl.DataFrame(
        {"a": a, "b": b, "c": c, "d": d, "e": e, "line": pl.int_range(first_line, first_line + count, eager=True)}
    )
    fate = pl.col("e") // 2**12 % 2**40
    frame = frame.with_columns(
        tcp=pl.col("a") // 2**40 % 10_000 < _TCP,
        **_fates(fate, rates),
        pick=pl.col("e") % 2**12,
        end=time + (pl.col("a") // 2**54 % 3).cum_sum().cast(pl.Int64),
        # Squares of even numbers crowd at the short end, as durations do.
        duration=((pl.col("b") % 256) ** 2 // 512).cast(pl.Int64),
        posted=pl.col("b") // 2**8 % 4 == 0,
        sent=(pl.col("b") // 2**16 % 40_000 + 200).cast(pl.Int64),
        received=(pl.col("b") // 2**40 % 3000).cast(pl.Int64),
        remote_port=(pl.col("c") % 64_000 + 1024).cast(pl.String),
    )
    agents = _pick(pools.agents, c // 2**16)
    odd, ambiguous = _pick(pools.odd_agents, e), _pick(pools.ambiguous_agents, e)
    agents = pl.DataFrame(
        [
            pl.select(
                pl.when(frame["ambiguous"])
                .then(ambiguous[n])
                .when(frame["odd"])
                .then(odd[n])
                .otherwise(agents[n])
                .alias(n)
            ).to_series()
            for n in agents.columns
        ]
    )
    return pl.concat(
        [
            frame,
            _pick(pools.outcomes, a % 2**32),
            agents,
            _pick(pools.targets, c // 2**32),
            _pick(pools.paths, d),
            _pick(pools.clients, d // 2**20),
            _pick(pools.connections, d // 2**40),
            pl.DataFrame({"request_id": _uuids(random, count)}),
        ],
        how="horizontal",
    ).with_columns(
        stamp=(pl.col("end") - pl.col("duration"))
        .cast(pl.Datetime("ms", "UTC"))
        .dt.to_string("%Y-%m-%dT%H:%M:%S.%3fZ"),
        received=pl.when(pl.col("posted") | pl.col("tcp")).then("received").otherwise(0),
        response_code=pl.when("tcp").then(0).otherwise("response_code").cast(pl.Int32),
        flags=pl.when("tcp").then(pl.lit("-")).otherwise("flags"),
    )


def _fates(number: pl.Expr, rates: Rates) -> dict[str, pl.Expr]:
    fates, low = {}, 0
    for name, rate in (
        ("odd", rates.odd),
        ("ambiguous", rates.ambiguous),
        ("broken", rates.broken),
        ("message", rates.messages),
    ):
        high = low + round(rate * 2**40)
        fates[name] = number.is_between(low, high, closed="left")
        low = high
    # A TCP connection has no agent to be odd.
    tcp = pl.col("a") // 2**40 % 10_000 < _TCP
    return {name: found & ~tcp if name in ("odd", "ambiguous") else found for name, found in fates.items()}


def _uuids(random: Random, count: int) -> pl.Series:
    text = random.randbytes(16 * count).hex().encode()
    offsets = pl.int_range(0, 32 * count + 1, 32, dtype=pl.Int64, eager=True).to_arrow().buffers()[1]
    whole = pl.Series(pa.LargeStringArray.from_buffers(count, offsets, pa.py_buffer(text))).str
    parts = [whole.slice(start, length) for start, length in ((0, 8), (8, 4), (12, 4), (16, 4), (20, 12))]
    return pl.select(pl.concat_str(parts, separator="-")).to_series()


def _replaced(frame: pl.DataFrame, when: str, by: pl.Series) -> pl.DataFrame:
    lines = by.gather((frame["pick"] % len(by)).cast(pl.UInt32))
    return frame.with_columns(pl.when(when).then(lines).otherwise("text").alias("text"))


#: What a TCP connection has not.
_HTTP_ONLY = ("method", "path", "protocol", "x_forwarded_for", "user_agent", "request_id", "authority")


def _values() -> dict[str, pl.Expr]:
    """Return the 24 columns as texts and numbers, NULL where there is nothing."""
    tcp, col = pl.col("tcp"), pl.col
    timed = col("timed") & ~tcp
    reached = col("reached") | tcp
    values = {
        "start_time": col("stamp"),
        "method": pl.when("posted").then(pl.lit("POST")).otherwise(pl.lit("GET")),
        "path": col("path"),
        "protocol": pl.lit("HTTP/1.1"),
        "response_code": col("response_code"),
        "response_flags": col("flags"),
        "response_code_details": pl.when(~tcp).then("response_code_details"),
        "connection_termination_details": pl.lit(None, pl.String),
        "upstream_transport_failure_reason": pl.when(col("flags") == "URX,UF").then(
            pl.lit("delayed connect error: 111")
        ),
        "bytes_received": col("received"),
        "bytes_sent": col("sent"),
        "duration_ms": col("duration"),
        "upstream_service_time_ms": pl.when(timed).then("duration"),
        "x_forwarded_for": col("client"),
        "user_agent": col("user_agent"),
        "request_id": col("request_id"),
        "authority": col("authority"),
        "upstream_host": pl.when(reached).then("upstream_host"),
        "upstream_cluster": pl.when(tcp)
        .then(pl.concat_str(pl.lit("outbound_.80_._."), "authority"))
        .otherwise("upstream_cluster"),
        "upstream_local_address": pl.when(reached).then(pl.concat_str(pl.lit(f"{_GATEWAY}:"), "local_port")),
        "downstream_local_address": pl.when(tcp)
        .then(pl.lit(f"{_GATEWAY}:15443"))
        .otherwise(pl.lit(f"{_GATEWAY}:8080")),
        "downstream_remote_address": pl.concat_str("client", pl.lit(":"), "remote_port"),
        "requested_server_name": pl.when(tcp).then(pl.concat_str(pl.lit("outbound_.80_._."), "authority")),
        "route_name": pl.when(~tcp).then("route_name"),
    }
    for name in _HTTP_ONLY:
        values[name] = pl.when(~tcp).then(values[name])
    assert tuple(values) == COLUMNS
    return values


def _typed_columns() -> list[pl.Expr]:
    values = _values()
    values["start_time"] = (
        (pl.col("end") - pl.col("duration")).cast(pl.Datetime("ms", "UTC")).cast(pl.Datetime("us", "UTC"))
    )
    flags = values["response_flags"]
    values["response_flags"] = (
        pl.when(flags == "-").then(pl.lit([], pl.List(pl.String))).otherwise(flags.str.split(","))
    )
    return [value.alias(name) for name, value in values.items()]


def _text_line() -> pl.Expr:
    value = {name: each.cast(pl.String).fill_null("-") for name, each in _values().items()}
    pieces: list[pl.Expr] = [pl.lit("["), value["start_time"], pl.lit('] "')]
    pieces += [value["method"], pl.lit(" "), value["path"], pl.lit(" "), value["protocol"], pl.lit('" ')]
    for name in ("response_code", "response_flags", "response_code_details", "connection_termination_details"):
        pieces += [value[name], pl.lit(" ")]
    pieces += [pl.lit('"'), value["upstream_transport_failure_reason"], pl.lit('" ')]
    for name in ("bytes_received", "bytes_sent", "duration_ms", "upstream_service_time_ms"):
        pieces += [value[name], pl.lit(" ")]
    for name in ("x_forwarded_for", "user_agent", "request_id", "authority", "upstream_host"):
        pieces += [pl.lit('"'), value[name], pl.lit('" ')]
    for name in COLUMNS[18:]:
        pieces += [value[name], pl.lit("" if name == "route_name" else " ")]
    return pl.concat_str(pieces)


def _json_line() -> pl.Expr:
    """Envoy writes keys in order, numbers as numbers (but the service time, a header, as text), and null."""
    values = _values()
    names = {"duration_ms": "duration", "upstream_service_time_ms": "upstream_service_time"}
    numbers = ("response_code", "bytes_received", "bytes_sent", "duration_ms")
    pieces = []
    for number, column in enumerate(sorted(COLUMNS, key=lambda name: names.get(name, name))):
        if column in numbers:
            value = values[column].cast(pl.String)
        elif column == "user_agent":
            value = pl.when(~pl.col("tcp")).then("user_agent_json")
        else:
            value = pl.concat_str(pl.lit('"'), values[column].cast(pl.String), pl.lit('"'))
        pieces += [pl.lit(f'{"," if number else "{"}"{names.get(column, column)}":'), value.fill_null("null")]
    return pl.concat_str([*pieces, pl.lit("}")])
