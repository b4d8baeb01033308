"""`--redact` in every verb that shows what it knows: nothing is left in tables, drawings, findings and log lines."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from hopline.cli import run
from hopline.redaction import redact_table
from reports import Secret, make_redaction
from tests.reports.worlds import crash

KEY = "0123456789abcdef"
ADDRESS = re.compile(r"\d{1,3}(?:[.-]\d{1,3}){3}")
Shown = Callable[..., str]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of a crash, the log of whose gateway is named by an address."""
    home = tmp_path_factory.mktemp("redacted")
    for name, content in crash().files.items():
        path = home / name.replace("ingress-1.", "10.9.8.7.")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    assert run(["ingest", str(home / "logs"), "--store", str(home / "store")]) == 0
    return home / "store"


@pytest.fixture
def shown(store: Path, tmp_path: Path) -> Shown:
    """Return a function that gives what a verb writes into a file, redacted unless it is told otherwise."""

    def show(*argv: str, redact: str | None = "query,ip,user_agent", exit_code: int = 0) -> str:
        output = tmp_path / "out"
        options = ["--redact", redact, "--redact-key", KEY] if redact else []
        assert run([*argv, "--store", str(store), *options, "-o", str(output)]) == exit_code
        return output.read_text()

    return show


@pytest.mark.parametrize(
    ("argv", "named"),
    [
        (["failovers"], "ip-"),
        (["failovers", "--by", "proxy", "-f", "json"], '"gateway": "ingress"'),
        (["endpoints", "-f", "csv"], ",ip-"),
        (["check"], "nothing found by: "),
        (["check", "-f", "jsonl"], '"source": "'),
    ],
    ids=str,
)
def test_no_address_is_left(shown: Shown, argv: list[str], named: str) -> None:
    hidden = shown(*argv)
    assert named in hidden
    assert not ADDRESS.search(hidden), hidden


def find_id(shown: Shown) -> str:
    """Return the id of a request with a query that went through the gateway of cluster2."""
    query = (
        "SELECT request_id FROM requests WHERE path LIKE '%?id=7' AND endpoint = '10.2.0.10:15443' "
        "ORDER BY start_time LIMIT 1"
    )
    (row,) = json.loads(shown("sql", query, "-f", "json", redact=None))
    return str(row["request_id"])


def test_a_trace_shows_its_lines_though_their_place_is_a_pseudonym(
    shown: Shown, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = find_id(shown)
    plain, hidden = shown("trace", wanted[:12], "--evidence", redact=None), shown("trace", wanted[:12], "--evidence")
    for secret in ("10.9.8.7", "id=7", "Mozilla/5.0"):
        assert secret in plain
        assert secret not in hidden
    assert not ADDRESS.search(hidden.replace(wanted, "")), hidden
    assert re.search(r"ip-[0-9a-f]{10}\.log:\d+\n +\[2026-11-23T.*/cart\?redacted .*\"agent-[0-9a-f]{10}\"", hidden)
    assert len(hidden.splitlines()) == len(plain.splitlines())
    assert f"taken for {wanted}" in capsys.readouterr().err
    row, *_ = json.loads(shown("trace", wanted, "-f", "json"))
    assert (row["path"], row["endpoint"][:3]) == ("/cart?redacted", "ip-")
    assert row["endpoint"] in shown("endpoints"), "one address has one name in all verbs"


def test_what_is_said_of_several_entries_is_redacted(
    shown: Shown, capsys: pytest.CaptureFixture[str], store: Path
) -> None:
    argv = ["trace", "1234", "--store", str(store), "--redact", "ip", "--redact-key", KEY]
    assert run(argv) == 1
    assert not ADDRESS.search(capsys.readouterr().err)


def test_hopline_toml_asks_for_it_and_sql_says_that_it_cannot(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hopline.toml").write_text(f'store = {json.dumps(str(store))}\nredact = ["ip"]\n')
    assert run(["endpoints", "-o", "a.csv"]) == 0
    assert not ADDRESS.search((tmp_path / "a.csv").read_text())
    capsys.readouterr()
    assert run(["sql", "SELECT DISTINCT endpoint FROM requests WHERE endpoint IS NOT NULL", "-o", "b.csv"]) == 0
    assert ADDRESS.search((tmp_path / "b.csv").read_text())
    assert run(["export", "--tables", "incidents", "-o", "out"]) == 0
    said = "hopline.toml asks to redact ip, but {}: nothing is redacted here"
    assert [line for line in capsys.readouterr().err.splitlines() if "redact" in line] == [
        said.format("a query can take a text apart"),
        said.format("other tools need the values as they are"),
    ]


def test_values_are_redacted_by_what_their_column_is() -> None:
    table = pa.table(
        {
            "user_agent": ["curl/8.17", None],
            "path": ['/a?b="c" d', "/e"],
            "yaml": ["a: ? 10.1.2.3", None],
            "extra": pa.array([[("user-agent", "curl/8.17"), ("ref", "http://x/?q=1")], []], pa.map_("utf8", "utf8")),
            "hosts": [["10.1.2.3:80"], []],
            "at": pa.array([0, 1], pa.timestamp("us", "UTC")),
            "requests": [1, 2],
        }
    )
    hidden = redact_table(table, make_redaction(Secret, KEY))
    assert hidden.schema.equals(table.schema)
    first, second = hidden.to_pylist()
    agent = make_redaction(Secret, KEY).hide_line('"curl/8.17"', {"user_agents": ["curl/8.17"]}).strip('"')
    assert first["user_agent"] == agent, "the pseudonym that log lines bear"
    assert first["path"] == "/a?redacted"
    assert re.fullmatch(r"a: \? ip-[0-9a-f]{10}", first["yaml"])
    assert first["extra"] == [("user-agent", agent), ("ref", "http://x/?redacted")]
    assert re.fullmatch(r"ip-[0-9a-f]{10}:80", first["hosts"][0])
    assert second == table.to_pylist()[1]
    only = redact_table(table, make_redaction([Secret.IP], KEY)).to_pylist()[0]
    assert (only["user_agent"], only["path"]) == ("curl/8.17", '/a?b="c" d')
