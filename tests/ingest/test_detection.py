"""`ingest.detect`: what is this file, and where does it stop being that?"""

from __future__ import annotations

from pathlib import Path

import pytest

import ingest
from ingest.errors import SourceError
from tests.ingest.lines import istio_line


def write(path: Path, text: str | bytes) -> str:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return str(path)


def test_detect_access_log(tmp_path: Path) -> None:
    lines = [f"2026-03-01T10:00:00.2Z stdout F {line}" for line in (istio_line(), "starting", istio_line(), "")]
    found = ingest.detect(write(tmp_path / "x.log", "\n".join(lines)))
    assert (found.kind, found.envelopes, found.compression) == ("access_log", ("cri",), "none")
    assert [(share.name, share.lines, share.era) for share in found.formats] == [("istio-text", 2, "since Istio 1.9")]
    assert found.confidence == pytest.approx(2 / 3)
    assert (found.first_unfit_line, found.first_unfit) == (2, b"2026-03-01T10:00:00.2Z stdout F starting")


def test_detect_with_a_format(tmp_path: Path) -> None:
    path = write(tmp_path / "x.log", "503 GET\n200 PUT\n")
    assert ingest.detect(path).kind == "unknown"
    found = ingest.detect(path, log_format="%RESPONSE_CODE% %REQ(:METHOD)%")
    assert (found.kind, found.formats[0].name, found.confidence) == ("access_log", "custom", 1.0)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", "empty"),
        (bytes(range(256)) * 20, "binary"),
        (b"# hello\n", "unknown"),
        (b"a::10.0.0.1:80::health_flags::healthy\n", "inventory"),
        (b'{"action":"EJECT","cluster_name":"a","upstream_url":"10.0.0.1:80"}\n', "outlier_event"),
    ],
)
def test_detect_other_files(tmp_path: Path, data: bytes, kind: str) -> None:
    assert ingest.detect(write(tmp_path / "x", data)).kind == kind


def test_detect_missing_file(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="No such file"):
        ingest.detect(str(tmp_path / "none"))
