"""Support bundles: every file in a tar or zip is a source, compressed or not, whole or cut short."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ingest
from ingest import archives
from ingest.archives import Archive, find_archive
from ingest.compression import ChunkFile
from ingest.contents import open_contents
from ingest.errors import SourceError
from tests.examples import examples
from tests.ingest.lines import istio_line

LINE = istio_line().encode() + b"\n"
FILES = {
    "cluster1/ingress/ingress-1.log": LINE * 3,
    "cluster1/eastwest/eastwest-1.log.gz": gzip.compress(LINE * 2),
    "cluster2/ingress/ingress-2.json": json.dumps([{"message": istio_line()}]).encode(),
    "README.md": b"# What this is\n",
}


def tar(files: Mapping[str, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        folder = tarfile.TarInfo("cluster1")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        link = tarfile.TarInfo("link.log")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


class Pipe(io.BytesIO):
    """A file that cannot seek: a zip written into it has its sizes behind its files."""

    def seekable(self) -> bool:
        return False

    def seek(self, *_: Any) -> int:
        raise io.UnsupportedOperation

    def tell(self) -> int:
        raise io.UnsupportedOperation


def zipped(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED, *, pipe: bool = False) -> bytes:
    out = Pipe() if pipe else io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr("cluster1/", b"")
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


ARCHIVES = {
    "tar": tar(FILES),
    "gnu tar": tar(FILES, tarfile.GNU_FORMAT),
    "ustar": tar(FILES, tarfile.USTAR_FORMAT),
    "tar.gz": gzip.compress(tar(FILES)),
    "tar.bz2": bz2.compress(tar(FILES)),
    "tar.xz": lzma.compress(tar(FILES)),
    "tar.zst": pa.compress(tar(FILES), codec="zstd", asbytes=True),
    "zip": zipped(FILES),
    "zip, stored": zipped(FILES, zipfile.ZIP_STORED),
    "zip, bzip2": zipped(FILES, zipfile.ZIP_BZIP2),
    "zip, streamed": zipped(FILES, pipe=True),
    "zip, stored and streamed": zipped(FILES, zipfile.ZIP_STORED, pipe=True),
    "zip in tar": tar({"inner.zip": zipped(FILES)}),
    "tar.gz in zip": zipped({"a/inner.tar.gz": gzip.compress(tar(FILES))}),
}


@pytest.mark.parametrize("kind", ARCHIVES)
def test_members_are_sources(kind: str, parse: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "bundle.bin"
    path.write_bytes(ARCHIVES[kind])
    result = parse(path)
    by_name = {row["source"].rpartition("!")[2]: row for row in result.sources}
    assert by_name.keys() == FILES.keys()
    ingress = by_name["cluster1/ingress/ingress-1.log"]
    assert (ingress["cluster_id"], ingress["gateway"], ingress["proxy"], ingress["role"]) == (
        "cluster1",
        "ingress",
        "ingress-1",
        "ingress",
    )
    assert ingress["source"].startswith(f"{path}!")
    assert not any(row["truncated"] or row["error"] for row in result.sources)
    assert [by_name[name]["access_log_rows"] for name in FILES] == [3, 2, 1, 0]
    assert by_name["cluster1/eastwest/eastwest-1.log.gz"]["compression"].endswith(("tar+gzip", "zip+gzip"))
    wanted = [(by_name[name]["source"], 1) for name in FILES]
    raw = result.parsed.evidence.read_lines([*wanted, (wanted[0][0], 3), (wanted[0][0], 4)])
    assert [raw[place] for place in wanted] == [
        LINE[:-1],
        LINE[:-1],
        FILES["cluster2/ingress/ingress-2.json"][1:-1],
        b"# What this is",
    ]
    assert (wanted[0][0], 3) in raw
    assert (wanted[0][0], 4) not in raw


def test_compression_names_what_was_taken_off(parse: Callable[..., Any]) -> None:
    result = parse(ARCHIVES["tar.gz"])
    assert sorted(row["compression"] for row in result.sources) == ["gzip+tar"] * 3 + ["gzip+tar+gzip"]


def test_label_holds_for_every_member(parse: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "b.tar"
    path.write_bytes(ARCHIVES["tar"])
    rows = parse(f"east/edge={path}").rows
    assert {(row["cluster_id"], row["gateway"]) for row in rows} == {("east", "edge")}
    assert {row["proxy"] for row in rows} == {"ingress-1", "eastwest-1", "ingress-2"}


def test_name_of_the_archive_is_a_folder(parse: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "cluster7.tar.gz"
    path.write_bytes(gzip.compress(tar({"ingress/ingress-1.log": LINE})))
    (row,) = parse(path).rows
    assert (row["cluster_id"], row["gateway"], row["proxy"]) == ("cluster7", "ingress", "ingress-1")


def test_standard_input_may_be_an_archive(parse: Callable[..., Any]) -> None:
    result = parse("-", stdin=io.BytesIO(ARCHIVES["tar.gz"]))
    assert len(result.rows) == 6
    assert result.rows[0]["source"] == "-!cluster1/ingress/ingress-1.log"
    place = ("-!cluster1/ingress/ingress-1.log", 2)
    assert result.parsed.evidence.read_lines([place]) == {place: LINE[:-1]}


def test_inventory_in_a_bundle(parse: Callable[..., Any], tmp_path: Path) -> None:
    clusters = b"outbound|80||a.example::10.0.0.1:80::health_flags::healthy\n"
    path = tmp_path / "bundle.zip"
    path.write_bytes(zipped({"ingress/ingress-1.log": LINE, "ingress/clusters.txt": clusters}))
    result = parse(path)
    assert len(result.rows) == 1
    assert [row["address"] for row in result.inventory] == ["10.0.0.1"]
    log = tmp_path / "x.log"
    log.write_bytes(LINE)
    assert [row["address"] for row in parse(log, inventory=[str(path)]).inventory] == ["10.0.0.1"]


@pytest.mark.parametrize("kind", ["tar", "tar.gz", "zip", "zip, stored", "zip, stored and streamed", "tar.zst"])
@pytest.mark.parametrize("part", [0.3, 0.6, 0.95])
def test_truncated_archive_yields_what_it_holds(
    kind: str, part: float, parse: Callable[..., Any], tmp_path: Path
) -> None:
    lines = [istio_line(request_id=f"{i * 2654435761 % 2**32:08x}").encode() + b"\n" for i in range(4000)]
    files = {"a/one.log": b"".join(lines[:2000]), "a/two.log": b"".join(lines[2000:])}
    whole = {"tar": tar, "zip": zipped}[kind[:3]](
        files, **({"method": 0} if "stored" in kind else {}), **({"pipe": True} if "streamed" in kind else {})
    )
    packed = {"tar.gz": gzip.compress, "tar.zst": lambda d: pa.compress(d, codec="zstd", asbytes=True)}.get(
        kind, bytes
    )(whole)
    path = tmp_path / "bundle"
    path.write_bytes(packed[: int(len(packed) * part)])
    result = parse(path)
    assert any(row["truncated"] for row in result.sources)
    assert any("end" in warning for warning in result.parsed.warnings)
    rows = sorted(row["request_id"] for row in result.rows)
    assert len(rows) > 4000 * part * 0.7
    if part == 0.6:
        assert result.source("one.log")["access_log_rows"] == 2000
        assert not result.source("one.log")["truncated"]
        assert result.source("two.log")["truncated"]


def test_archive_without_its_end(parse: Callable[..., Any]) -> None:
    result = parse(tar({"a.log": LINE}).rstrip(b"\0") + b"\0" * 0)
    assert len(result.rows) == 1
    assert any(row["truncated"] for row in result.sources)


@pytest.mark.parametrize("data", [tar({}), zipped({}), gzip.compress(tar({}))])
def test_empty_archive(data: bytes, parse: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "empty.tar"
    path.write_bytes(data)
    with pytest.raises(SourceError, match=r"empty\.tar: the archive holds no files"):
        parse(path)


def test_long_and_odd_names(parse: Callable[..., Any]) -> None:
    long = "folder/" * 40 + "x.log"
    for form in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT):
        result = parse(tar({long: LINE, "/abs/../../up.log": LINE, "new\nline.log": LINE, "\udcff.log": LINE}, form))
        names = {row["source"].partition("!")[2] for row in result.sources}
        assert names == {long, "abs/../../up.log", "new\\nline.log", "\\xff.log"}


def test_same_name_twice(parse: Callable[..., Any]) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for data in (LINE, LINE * 2):
            info = tarfile.TarInfo("x.log")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    result = parse(out.getvalue())
    assert sorted(row["access_log_rows"] for row in result.sources) == [1, 2]
    assert len({row["source"] for row in result.sources}) == 2


def test_hidden_files_and_programs_are_left_alone(parse: Callable[..., Any]) -> None:
    result = parse(zipped({"__MACOSX/._a.log": LINE, ".git/x.log": LINE, "a.log": LINE}))
    assert len(result.sources) == 1
    program = io.BytesIO()
    with zipfile.ZipFile(program, "w") as archive:
        archive.writestr("META-INF/MANIFEST.MF", b"x" * 400)
        archive.writestr("a.class", bytes(range(256)) * 9)
    result = parse(program.getvalue())
    assert len(result.sources) == 1
    assert set(result.sources[0]["others"]) <= {"binary", "not_access_log"}


def test_too_many_members(parse: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_MEMBERS", 2)
    result = parse(tar({f"{i}.log": LINE for i in range(4)}))
    assert len(result.rows) == 2
    assert any("more than 2 files" in warning for warning in result.parsed.warnings)


def test_archives_in_archives_end_somewhere(parse: Callable[..., Any]) -> None:
    data = tar({"x.log": LINE})
    for _ in range(8):
        data = tar({"x.tar": data})
    result = parse(data)
    assert not result.rows
    assert len(result.sources) == 1


def test_encrypted_member() -> None:
    data = bytearray(zipped({"a.log": LINE}))
    place = data.index(b"PK\x03\x04", 10)
    data[place + 6] |= 1
    archive = Archive("zip", (bytes(data),))
    assert [member.name for member in archive.members()] == []
    assert archive.problem == "a.log is encrypted"


def test_detect_each_member(tmp_path: Path) -> None:
    path = tmp_path / "b.zip"
    path.write_bytes(zipped(FILES))
    found = {entry.path.partition("!")[2]: entry for entry in ingest.detect_all(str(path))}
    assert {name: entry.kind for name, entry in found.items()} == {
        name: "unknown" if name == "README.md" else "access_log" for name in FILES
    }
    assert found["cluster1/eastwest/eastwest-1.log.gz"].compression == "zip+gzip"


def test_a_log_is_no_archive() -> None:
    assert find_archive(LINE * 9) is None
    assert find_archive(b"") is None
    assert find_archive(b"\0" * 600) is None


@given(st.lists(st.binary(max_size=30), max_size=8), st.lists(st.integers(-1, 12), max_size=20))
def test_chunk_file(chunks: list[bytes], sizes: list[int]) -> None:
    chunks = [chunk for chunk in chunks if chunk]
    file = ChunkFile(chunks)
    got = b""
    for size in sizes:
        part = file.read(size)
        if len(part) % 3 == 2:
            file.push_back(part[1:])
            part = part[:1]
        got += part
    assert got + file.read() == b"".join(chunks)


@settings(max_examples=examples(150))
@given(st.sampled_from(sorted(ARCHIVES)), st.data())
def test_hostile_archives(kind: str, data: st.DataObject) -> None:
    packed = bytearray(ARCHIVES[kind])
    for _ in range(data.draw(st.integers(1, 4))):
        packed[data.draw(st.integers(0, len(packed) - 1))] = data.draw(st.integers(0, 255))
    packed = packed[: data.draw(st.integers(0, len(packed)))]
    for content in open_contents(io.BytesIO(bytes(packed))):
        for _ in content.lines():
            pass
