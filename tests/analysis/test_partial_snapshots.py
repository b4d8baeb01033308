"""A snapshot that may be filtered proves what it shows, and nothing by what it lacks."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import ingest
from analysis import open_session

BROWNOUT = Path(__file__).parents[2] / "sample_logs" / "brownout"
#: One of the three local endpoints and the remote gateway, as `istioctl proxy-config endpoints ... | grep` leaves them.
GREPPED = """\
127.1.1.1:8080      HEALTHY     OK     outbound|80||frontend.mycompany.mesh
127.2.0.10:15443    HEALTHY     OK     outbound|80||frontend.mycompany.mesh
"""


@pytest.mark.parametrize("with_table", [False, True])
def test_grepped_table_takes_no_endpoint_away(with_table: bool, tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    shutil.copytree(BROWNOUT / "cluster1", logs / "cluster1")
    shutil.copytree(BROWNOUT / "cluster2", logs / "cluster2")
    dumps = logs / "inventory" / "cluster1" / "ingress"
    dumps.mkdir(parents=True)
    for dump in (BROWNOUT / "inventory" / "cluster1" / "ingress").glob("*before*"):
        shutil.copy(dump, dumps)
    if with_table:
        (dumps / "endpoints-2026-11-24T02-33-49.608Z.txt").write_text(GREPPED)
    parsed = ingest.parse([str(logs)], folder=tmp_path / "tables")
    with open_session(parsed) as session:
        (row,) = session.sql('SELECT "trigger", trigger_basis FROM failovers').to_pylist()
    assert row["trigger"] != "endpoints_removed"
