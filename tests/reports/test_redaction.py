"""Redaction: nothing of what is to go is left in any byte of any format, and what is left still tells the story."""

from __future__ import annotations

import dataclasses
import ipaddress
import json
import random
import re
from pathlib import Path

import pytest

import reports
from reports.redaction import WITHHELD, Redaction, Secret, make_redaction
from tests.reports.test_pages import Maker
from tests.reports.worlds import HOSTILE, WORLDS, World, opened

KEY = "a key of the tests, long enough"
ALL = make_redaction(Secret, KEY)
ADDRESS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
AGENTS = ("Mozilla/5.0 (X11; Linux x86_64; rv:145.0)", 'odd "quoted" agent', "caf\u00e9 \\ agent", "ab")


def make_report(world: World, folder: Path, monkeypatch: pytest.MonkeyPatch, redaction: Redaction) -> reports.Report:
    folder.mkdir(exist_ok=True)
    monkeypatch.chdir(folder)
    with opened(world, folder) as session:
        return reports.build_report(session, redaction=redaction)


def write_all(report: reports.Report) -> str:
    return "\n".join(write(report) for write in (reports.to_html, reports.to_json, reports.to_markdown))


def as_json(world: World, *, wrapped: bool) -> World:
    """Return the world with its ingress log as JSON entries, wrapped as container runtimes do, each with odd agents."""
    name = "logs/cluster1/ingress/ingress-1.log"
    lines = []
    for n, line in enumerate(world.files[name].decode().splitlines()):
        found = re.match(
            r'\[(\S+)\] "GET (\S+) HTTP/1.1" (\d+) (\S+) (\S+) .*? (\d+) (\S+) "-" ".*?" "(\S+)" "(\S+)"', line
        )
        assert found is not None
        host, cluster = re.findall(r'"([^"]*)" (outbound\S+)', line)[0]
        entry = {
            "start_time": found[1],
            "method": "GET",
            "path": f'{found[2].partition("?")[0]}?token="s3cret-{n}"&x=/',
            "protocol": "HTTP/1.1",
            "response_code": int(found[3]),
            "response_flags": found[4],
            "response_code_details": found[5],
            "duration": int(found[6]),
            "user_agent": AGENTS[n % len(AGENTS)],
            "x_forwarded_for": "2001:db8::7, 203.0.113.9",
            "request_id": found[8],
            "authority": found[9],
            "upstream_host": None if host == "-" else host,
            "upstream_cluster": cluster,
            "downstream_local_address": "10.1.0.11:8080",
            "downstream_remote_address": f"[2001:db8::7]:{1024 + n}",
        }
        text = json.dumps(entry, ensure_ascii=n % 2 == 0)
        lines.append(json.dumps({"log": f"{text}\n", "stream": "stdout", "time": found[1]}) if wrapped else text)
    return World({**world.files, name: "".join(f"{line}\n" for line in lines).encode()})


def test_nothing_is_left_in_any_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = WORLDS["crash"]()
    raw = b"\n".join(world.files.values()).decode()
    report = make_report(world, tmp_path, monkeypatch, ALL)
    written = write_all(report)
    addresses = set(ADDRESS.findall(raw))
    assert len(addresses) > 6
    assert [address for address in addresses if address in written] == []
    assert "id=7" in raw
    assert "id=7" not in written
    assert "Mozilla/5.0" not in written
    assert WITHHELD not in written
    assert report.redacted == ("ip", "query", "user_agent")
    assert "IP addresses are pseudonyms" in reports.to_html(report)
    assert "IP addresses are pseudonyms" in reports.to_markdown(report)
    assert reports.from_json(reports.to_json(report)) == report


@pytest.mark.parametrize("wrapped", [pytest.param(False, marks=pytest.mark.soak), True])
def test_nothing_is_left_of_json_logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrapped: bool) -> None:
    world = as_json(WORLDS["crash"](), wrapped=wrapped)
    report = make_report(world, tmp_path, monkeypatch, ALL)
    assert report.failovers, "the world no longer shows a failover as JSON"
    lines = [line.text for line in report.evidence if line.text and "start_time" in line.text]
    assert len(lines) > 6
    assert WITHHELD not in write_all(report)
    written = write_all(report)
    for secret in ("s3cret", "2001:db8", "203.0.113.9", "10.1.1.", "quoted", "caf", "Mozilla"):
        assert secret not in written, secret
    for line in lines:
        assert re.search(r'user_agent\\?": \\?"agent-[0-9a-f]{10}\\?"', line), line
        assert "?redacted" in line


def test_hostile_agents_leave_no_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report = make_report(WORLDS["hostile"](), tmp_path, monkeypatch, ALL)
    known = [line for line in report.evidence if line.text]
    assert known
    assert not any("A" * 50 in (line.text or "") and "agent-" not in (line.text or "") for line in known)
    for line in known:
        agent = (line.text or "").split('"-" "')[-1].split('" "')[0]
        assert agent.startswith("agent-") or line.text == WITHHELD or "/" in agent or agent == "-", line.text
    assert not any(text in (line.text or "") for line in known for text in HOSTILE[5:6])


def test_the_rest_stays_as_it_was(report_of: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = report_of("crash")
    report = make_report(WORLDS["crash"](), tmp_path, monkeypatch, ALL)
    assert [dataclasses.replace(f, trigger_endpoint=None) for f in report.failovers] == [
        dataclasses.replace(f, trigger_endpoint=None) for f in plain.failovers
    ]
    assert [line.line for line in report.evidence] == [line.line for line in plain.evidence]
    names = dict(zip((e.endpoint for e in plain.endpoints), (e.endpoint for e in report.endpoints), strict=True))
    assert names["10.1.1.1:8080"] is not None
    assert re.fullmatch(r"ip-[0-9a-f]{10}:8080", names["10.1.1.1:8080"])
    assert len(set(names.values())) == len(names)
    for before, after in zip(plain.evidence, report.evidence, strict=True):
        for endpoint, name in names.items():
            if endpoint and before.text and f'"{endpoint}"' in before.text:
                assert after.text is not None
                assert f'"{name}"' in after.text
        assert len(after.marks) == len(before.marks)


def test_one_key_gives_one_set_of_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = reports.to_json(make_report(WORLDS["crash"](), tmp_path / "a", monkeypatch, ALL))
    (tmp_path / "b").mkdir()
    monkeypatch.chdir(tmp_path / "b")
    with opened(WORLDS["crash"](), tmp_path / "b") as session:

        def write(redaction: Redaction) -> str:
            return reports.to_json(reports.build_report(session, redaction=redaction))

        assert write(make_redaction(Secret, KEY)) == first
        assert write(make_redaction(Secret, KEY + "!")) != first
    assert make_redaction(Secret).key != make_redaction(Secret).key


def test_each_kind_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with opened(WORLDS["crash"](), tmp_path) as session:
        for secret, gone in ((Secret.QUERY, "id=7"), (Secret.IP, "10.1.1.1"), (Secret.USER_AGENT, "Mozilla/5.0")):
            written = write_all(reports.build_report(session, redaction=make_redaction([secret], KEY)))
            others = {"id=7", "10.1.1.1", "Mozilla/5.0"} - {gone}
            assert gone not in written
            assert all(other in written for other in others), (secret, others)


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("10.1.1.1:8080", "ip:8080"),
        ("[2001:db8::1]:443 x", "ip:443 x"),
        ("2001:db8::1", "ip"),
        ("2001:db8::1.", "ip."),
        ("src:2001:db8::1,10.0.0.1", "src:ip,ip"),
        ("::ffff:10.1.1.1", "ip"),
        ("fe80::1%eth0", "ip%eth0"),
        ("::1 and 1::", "ip and ip"),
        ("ip-10-1-2-3.ec2.internal", "ip-ip.ec2.internal"),
        ("10.1.2.3.nip.io:80", "ip.nip.io:80"),
        ("http://10.1.2.3/a", "http://ip/a"),
        ("20:54:06.214", "20:54:06.214"),
        ("2026-11-23T20:54:06.214Z", "2026-11-23T20:54:06.214Z"),
        ("incident_id::INTEGER a::DATE x::BIGINT ')::DOUBLE", "incident_id::INTEGER a::DATE x::BIGINT ')::DOUBLE"),
        ("HTTP/1.1 version 1.2.3 999.1.1.1", "HTTP/1.1 version 1.2.3 999.1.1.1"),
        ("f0000000-0000-4000-8000-0000f0000000", "f0000000-0000-4000-8000-0000f0000000"),
        ("outbound|80||a.b.c", "outbound|80||a.b.c"),
    ],
)
def test_addresses_are_known_in_every_shape(text: str, shape: str) -> None:
    assert re.sub(r"ip-[0-9a-f]{10}", "ip", ALL.hide_addresses(text)) == shape


def test_one_address_has_one_name_however_it_is_written() -> None:
    for forms in (("10.1.2.3", "10-1-2-3", "::ffff:10.1.2.3", "010.001.002.003"), ("2001:db8::1", "2001:DB8:0:0::1")):
        assert len({ALL.hide_addresses(form) for form in forms}) == 1


def test_every_address_goes() -> None:
    chance = random.Random(4)
    for _ in range(500):
        for bits, kind in ((32, ipaddress.IPv4Address), (128, ipaddress.IPv6Address)):
            number = chance.getrandbits(bits)
            if bits == 128 and chance.random() < 0.5:
                number &= ~(0xFFFF_FFFF_FFFF << 16 * chance.randrange(5))  # room for ::
            address = str(kind(number))
            text = chance.choice(('"{}"', "a={},", "[{}]:80", "({})", "client {}")).format(address)
            assert address not in ALL.hide_addresses(text)
            assert "ip-" in ALL.hide_addresses(text)


def test_hostile_runs_take_no_time() -> None:
    for text in ("A" * 300_000, ":" * 300_000, "a:" * 150_000, "1." * 150_000, "?" * 300_000, "1-" * 150_000):
        ALL.hide_text(text)


@pytest.mark.parametrize(
    ("line", "entry", "expected"),
    [
        ('"GET /a?b HTTP/1.1"', {"path": "/a?b"}, '"GET /a?redacted HTTP/1.1"'),
        ('"GET /a?b="c" HTTP/1.1"', {"path": '/a?b="c"'}, '"GET /a?redacted HTTP/1.1"'),
        ('"GET /a HTTP/1.1" "https://x/?q=1"', {"path": "/a"}, '"GET /a HTTP/1.1" "https://x/?redacted"'),
        ("nothing of it", {"path": "/a?b"}, WITHHELD),
        ("nothing of it", {"user_agents": ["curl/8.1"]}, WITHHELD),
        ("a b c", {"user_agents": ["b"]}, WITHHELD),
        ("no access log 10.1.1.1", None, "no access log ip"),
        ("kept whole", {"path": "/a", "user_agents": [None]}, "kept whole"),
    ],
)
def test_a_line_is_withheld_rather_than_leaked(line: str, entry: dict[str, object] | None, expected: str) -> None:
    assert re.sub(r"ip-[0-9a-f]{10}", "ip", ALL.hide_line(line, entry)) == expected


def test_short_agents_are_replaced_between_quotes_only() -> None:
    assert re.fullmatch(r'ab "agent-[0-9a-f]{10}" cab', ALL.hide_line('ab "ab" cab', {"user_agents": ["ab"]}))
