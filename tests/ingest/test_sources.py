"""Files, folders, globs, labels, standard input, compression; names from paths; exact accounting."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest import blocks, reading
from ingest.blocks import cut_blocks
from ingest.compression import ByteStream
from ingest.errors import FormatError, InventoryError, SourceError
from ingest.names import Names
from tests.examples import examples
from tests.ingest.lines import istio_line

LINE = istio_line().encode()

# --- compression and blocks -------------------------------------------------------------------------------------

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "none": lambda data: data,
    "gzip": gzip.compress,
    "zstd": lambda data: pa.compress(data, codec="zstd", asbytes=True),
    "bzip2": bz2.compress,
    "xz": lzma.compress,
}


@pytest.mark.parametrize("name", PACKERS)
def test_compression_by_content(name: str, parse: Callable[..., Any]) -> None:
    data = (LINE + b"\n") * 3000
    result = parse(PACKERS[name](data))
    (source,) = result.sources
    assert (source["compression"], source["entries_read"], source["bytes_read"]) == (name, 3000, len(data))
    assert not source["truncated"]
    assert result.parsed.evidence.read_lines([(source["source"], 2999)]) == {(source["source"], 2999): LINE}


@pytest.mark.parametrize("name", ["gzip", "zstd", "bzip2", "xz"])
def test_several_members(name: str) -> None:
    data = PACKERS[name](b"one\n") + PACKERS[name](b"two\n")
    stream = ByteStream(io.BytesIO(data))
    assert b"".join(stream.chunks()) == b"one\ntwo\n"
    assert not stream.truncated


@pytest.mark.parametrize("name", ["gzip", "zstd", "bzip2", "xz"])
def test_truncated_stream_gives_what_it_holds(name: str, parse: Callable[..., Any]) -> None:
    noise = b"".join(istio_line(request_id=f"{i * 2654435761 % 2**32:08x}-{i}").encode() + b"\n" for i in range(15_000))
    packed = PACKERS[name](noise)
    whole = b"".join(ByteStream(io.BytesIO(packed)).chunks())
    assert whole == noise
    stream = ByteStream(io.BytesIO(packed[: len(packed) // 2]))
    part = b"".join(stream.chunks())
    assert noise.startswith(part)
    # A block-wise format holds whole blocks only; xz buffers the most.
    assert len(part) > (len(noise) // 3 if name in ("gzip", "zstd") else 0)
    assert stream.truncated
    source = parse(packed[: len(packed) // 2]).sources[0]
    assert source["truncated"]
    assert source["access_log_rows"] >= part.count(b"\n") - 1


def test_gzip_followed_by_garbage() -> None:
    stream = ByteStream(io.BytesIO(gzip.compress(b"one\n") + b"\0" * 40 + b"garbage"))
    assert b"".join(stream.chunks()) == b"one\n"


@given(
    st.lists(st.binary(max_size=40).filter(lambda b: b"\n" not in b), max_size=30),
    st.integers(1, 60),
    st.integers(1, 50),
    st.booleans(),
)
def test_blocks_are_the_lines(lines: list[bytes], chunk: int, size: int, ended: bool) -> None:
    data = b"\n".join(lines) + (b"\n" if ended else b"")
    chunks = [data[i : i + chunk] for i in range(0, len(data), chunk)]
    cut = list(cut_blocks(chunks, size))
    got = [line for block in cut for line in block.data.split(b"\n")]
    bare = data.removeprefix(b"\xef\xbb\xbf")
    want = bare.split(b"\n")
    assert got == (want[:-1] if want[-1] == b"" else want)
    assert [block.first_line for block in cut] == [1 + sum(b.lines for b in cut[:i]) for i in range(len(cut))]


def test_overlong_line_is_one_reject(monkeypatch: pytest.MonkeyPatch, parse: Callable[..., Any]) -> None:
    monkeypatch.setattr(blocks, "MAX_LINE_BYTES", 1 << 20)
    data = LINE + b"\n" + b"x" * (20 << 20) + b"\n" + LINE + b"\n"
    result = parse(data)
    assert [row["line"] for row in result.rows] == [1, 3]
    (reject,) = result.rejects
    assert reject["line"] == 2
    assert len(reject["raw"]) == blocks.KEPT_BYTES


def test_utf_16(parse: Callable[..., Any]) -> None:
    text = f"{istio_line(agent='Žofie 🚀')}\r\nplain\r\n{istio_line()}\r\n"
    for data in (text.encode("utf-16"), b"\xfe\xff" + text.encode("utf-16-be"), gzip.compress(text.encode("utf-16"))):
        result = parse(data)
        assert [(row["line"], row["user_agent"]) for row in result.rows] == [(1, "Žofie 🚀"), (3, "curl/8.9.1")]
        assert result.sources[0]["others"] == {"not_access_log": 1}
        source = result.sources[0]["source"]
        assert result.parsed.evidence.read_lines([(source, 3)]) == {(source, 3): LINE}


def test_file_name_that_is_not_utf_8(tmp_path: Path, parse: Callable[..., Any]) -> None:
    folder = os.fsencode(tmp_path) + b"/cluster-\xfe"
    os.makedirs(folder + b"/ingress")
    with open(folder + b"/ingress/\xff.log", "wb") as file:
        file.write(LINE)
    result = parse(os.fsdecode(folder))
    (row,) = result.rows
    assert row["source"].endswith("\\xff.log")
    assert (row["cluster_id"], row["gateway"], row["proxy"]) == ("cluster-\\xfe", "ingress", "\\xff")
    assert result.parsed.evidence.read_lines([(row["source"], 1)]) == {(row["source"], 1): LINE}


# --- files that change ------------------------------------------------------------------------------------------


def watch_blocks(monkeypatch: pytest.MonkeyPatch, change: Callable[[], None]) -> None:
    """Let `change` happen to the first file after its first block."""
    whole = reading.cut_blocks
    done: list[bool] = []

    def cut(chunks: Any, size: int, **place: int) -> Any:
        for block in whole(chunks, size, **place):
            yield block
            if not done:
                done.append(True)
                change()

    monkeypatch.setattr(reading, "cut_blocks", cut)


def test_file_that_grows_while_it_is_read(
    tmp_path: Path, parse: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "x.log"
    log.write_bytes((LINE + b"\n") * 80_000 + LINE[:100])
    size = log.stat().st_size

    def grow() -> None:
        with log.open("ab") as file:
            file.write(LINE[100:] + b"\n" + LINE + b"\n")

    watch_blocks(monkeypatch, grow)
    result = parse(log)
    assert size > 2 * blocks.BLOCK_BYTES
    (source,) = result.sources
    assert (source["error"], source["rejected"]) == (None, 0)
    assert source["access_log_rows"] in (80_000, 80_002)
    assert len({row["line"] for row in result.rows}) == source["access_log_rows"]


@pytest.mark.parametrize("change", ["unlink", "truncate"])
@pytest.mark.parametrize("workers", [1, 2])
def test_file_that_vanishes_while_it_is_read(
    change: str, workers: int, tmp_path: Path, parse: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    log, other = tmp_path / "a.log", tmp_path / "b.log"
    log.write_bytes((LINE + b"\n") * 60_000)
    other.write_bytes(LINE + b"\n")
    monkeypatch.setattr(reading, "WORTH_BYTES", 1 << 20)
    monkeypatch.setattr(reading, "JOB_BYTES", 4 << 20)
    watch_blocks(monkeypatch, log.unlink if change == "unlink" else lambda: os.truncate(log, 100))
    result = parse(log, other, workers=workers)
    assert result.source("b.log")["access_log_rows"] == 1
    assert result.source("b.log")["error"] is None
    lines = [row["line"] for row in result.rows if row["source"].endswith("a.log")]
    assert len(lines) == len(set(lines)) == result.source("a.log")["access_log_rows"]
    if workers > 1:
        assert result.source("a.log")["error"] is not None


# --- whole parses -----------------------------------------------------------------------------------------------


def test_ten_megabyte_line(parse: Callable[..., Any]) -> None:
    long = istio_line(agent='a"' * (5 << 20)).encode()
    result = parse(LINE + b"\n" + long + b"\n" + LINE)
    assert sorted(row["line"] for row in result.rows) == [1, 2, 3]


@pytest.mark.parametrize(
    "data",
    [
        LINE + b"\r\n" + LINE + b"\r\n",
        b"\xef\xbb\xbf" + LINE + b"\n" + LINE,
        LINE + b"\n\n\r\n" + LINE + b"\n",
        LINE + b"\n" + b"\0" * 10 + b"\n" + LINE,
    ],
    ids=["CRLF", "BOM and no final newline", "blank lines", "NUL line"],
)
def test_ends_of_lines(data: bytes, parse: Callable[..., Any]) -> None:
    result = parse(data)
    assert [row["route_name"] for row in result.rows] == ["default", "default"]
    assert not result.rejects


def test_nul_byte_inside_a_field(parse: Callable[..., Any]) -> None:
    (row,) = parse(LINE.replace(b"curl/8.9.1", b"a\0b")).rows
    assert row["user_agent"] == "a\0b"


def test_standard_input(parse: Callable[..., Any]) -> None:
    result = parse("east/ingress=-", stdin=io.BytesIO(gzip.compress(LINE + b"\n")))
    (row,) = result.rows
    assert (row["source"], row["cluster_id"], row["gateway"], row["role"]) == (
        "-",
        "east",
        "ingress",
        "ingress",
    )
    assert result.parsed.evidence.read_lines([("-", 1), ("-", 2)]) == {("-", 1): LINE}


def test_folder_sorts_itself_out(tmp_path: Path, parse: Callable[..., Any]) -> None:
    (tmp_path / "cluster1" / "ingress").mkdir(parents=True)
    (tmp_path / "cluster1" / "ingress" / "ingress-1.log").write_bytes(LINE + b"\nstarting up\n\n")
    (tmp_path / "README.md").write_text("# What was done\n\n`503` at 10:00\n")
    (tmp_path / "truth.json").write_text('{\n "requests": [{"request_id": "a", "status": 200}]\n}\n')
    (tmp_path / "truth.csv.gz").write_bytes(gzip.compress(b"request_id,status\na,200\n"))
    (tmp_path / "empty.log").write_bytes(b"")
    (tmp_path / "photo.bin").write_bytes(bytes(range(256)) * 40)
    result = parse(tmp_path)
    assert result.source("ingress-1.log")["others"] == {"not_access_log": 1, "blank": 1}
    assert result.source("README.md")["others"] == {"not_access_log": 2, "blank": 1}
    assert result.source("truth.json")["others"] == {"not_access_log": 3}
    assert result.source("truth.csv.gz")["others"] == {"not_access_log": 2}
    assert result.source("photo.bin")["others"] == {"binary": 41}
    assert result.source("empty.log")["entries_read"] == 0
    assert len(result.sources) == 6
    (row,) = result.rows
    assert (row["cluster_id"], row["gateway"], row["proxy"], row["role"]) == (
        "cluster1",
        "ingress",
        "ingress-1",
        "ingress",
    )


def test_messages_of_envoy_and_its_agent_are_counted(parse: Callable[..., Any]) -> None:
    lines = [
        "[2026-03-01 10:00:00.125][15][warning][config] [source/common/config.cc:75] gRPC config stream closed",
        "2026-03-01T10:00:00.125678Z\tinfo\txdsproxy\tconnected to upstream XDS server",
        '{"level":"info","msg":"hello","time":"2026-03-01T10:00:00Z"}',
        "plain words",
    ]
    result = parse("\n".join([istio_line(), *lines]).encode())
    assert result.sources[0]["others"] == {"envoy_message": 1, "agent_message": 1, "not_access_log": 2}


def test_times_of_a_source(parse: Callable[..., Any]) -> None:
    first = istio_line(start_time="2026-03-01T10:00:05.000Z", duration=100)
    second = istio_line(start_time="2026-03-01T10:00:00.000Z", duration=7000)
    (source,) = parse(f"{first}\n{second}\n".encode()).sources
    assert source["first_time"] == datetime(2026, 3, 1, 10, 0, 0, 0, UTC)
    assert source["last_time"] == datetime(2026, 3, 1, 10, 0, 7, 0, UTC)


def test_source_that_cannot_be_read_among_others(
    tmp_path: Path, parse: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    good, gone = tmp_path / "good.log", tmp_path / "gone.log"
    good.write_bytes(LINE)
    gone.write_bytes(LINE)
    whole = Path.open

    def open_(self: Path, *args: Any, **kwargs: Any) -> Any:
        if self.name == "gone.log":
            raise FileNotFoundError(2, "No such file or directory")
        return whole(self, *args, **kwargs)

    monkeypatch.setattr(Path, "open", open_)
    result = parse(good, gone)
    assert len(result.rows) == 1
    assert result.source("gone.log")["error"] == "No such file or directory"
    assert any("gone.log" in warning for warning in result.parsed.warnings)
    with pytest.raises(SourceError, match=r"gone\.log"):
        parse(gone)


def test_bad_options(parse: Callable[..., Any], tmp_path: Path) -> None:
    with pytest.raises(FormatError):
        parse(LINE, log_format="%NO_SUCH%")
    log = tmp_path / "x.log"
    log.write_bytes(LINE)
    with pytest.raises(InventoryError, match=r"x\.log"):
        parse(LINE, inventory=[str(log)])


def test_role_by_content(parse: Callable[..., Any]) -> None:
    lines = [
        istio_line(cluster="inbound|8080||"),
        istio_line(cluster="outbound|80||shop.example"),
        istio_line(cluster="outbound_.80_._.shop.example"),
        istio_line(cluster="inbound-vip|80|http|shop.example"),
    ]
    rows = parse("\n".join(lines).encode()).rows
    assert [row["role"] for row in rows] == ["sidecar_inbound", "sidecar_outbound", "east_west", "waypoint"]
    (row,) = parse(istio_line().encode()).rows
    assert row["role"] == "unknown"


PIECES = [LINE, b"\n", b"\r\n", b'"', b" ", b"\0", b"\xff", b"{", b'{"response_code":', b"}", b"[", b'] "', b"\x1f\x8b",
          b"a::b:1::cx_active::1\n", b'{"configs":[', b'"@type":"type.googleapis.com/envoy.admin.v3', b"stdout F ", b"stdout P ",  # noqa: E501
          b"2026-03-01T10:00:00.125Z ", b'{"log":"', b"BZh9", b"\x28\xb5\x2f\xfd", b"[pod/a/b] ", b"\xef\xbb\xbf",
          b'{"action":"EJECT","upstream_url":"x","cluster_name":"c"}']  # fmt: skip


@settings(
    max_examples=examples(40),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=30), max_size=25).map(b"".join))
def test_hostile_bytes_are_accounted_for(parse: Callable[..., Any], data: bytes) -> None:
    """Whatever the bytes: no exception, and every entry has exactly one fate (checked by the fixture)."""
    try:
        result = parse(data)
    except SourceError:
        return
    assert all(1 <= row["line"] <= result.sources[0]["entries_read"] for row in result.rows + result.rejects)


def test_names_are_immutable_defaults() -> None:
    assert Names().role == "unknown"
