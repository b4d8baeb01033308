"""hopline.toml: the page that explains it is read as one, and says every key there is."""

import dataclasses
import re
from pathlib import Path

import pytest

from hopline.configuration import Configuration, NetworkEntry, parse_configuration
from ingest.errors import ConfigError

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "configuration.md"


def read_page() -> str:
    (block,) = re.findall(r"```toml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    return str(block)


def test_the_page_is_a_configuration() -> None:
    told = parse_configuration(read_page(), Path("team/hopline.toml"))
    assert told.logs == ("cluster1/ingress=team/logs/c1-ingress.log*", "team/logs/cluster2/")
    assert told.inventory == ("team/dumps/",)
    assert (told.time_zone, told.redact, told.primary) == ("Europe/Berlin", ("query", "ip"), "cluster1")
    assert told.primaries == (("checkout.shop.svc.cluster.local", "cluster2"),)
    assert (told.max_failover_seconds, told.max_failed, told.slo) == (30, 100, 99.9)
    assert told.networks[1] == NetworkEntry(
        name="network2",
        cluster="cluster2",
        cidrs=("10.12.0.0/14",),
        hostnames=("*.c2.example.com",),
        addresses=("203.0.113.7", "203.0.113.8:15443"),
        ports=(31443,),
    )


def test_the_page_names_every_key() -> None:
    for field in dataclasses.fields(Configuration):
        if field.name != "path":
            assert re.search(rf"^(# )?\[*{field.name}\b", read_page(), re.MULTILINE), field.name


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('primary = ""', "hopline.toml:1: primary: expected a text"),
        ("\nlogs = 3", "hopline.toml:2: logs: expected a list of texts"),
        ("redact = ['names']", "hopline.toml:1: redact: 'names' is not one of query, ip, user_agent"),
        ("[objectives]\nslo = 101", "hopline.toml:2: objectives.slo: expected a number from 0 to 100"),
        ("[objectives]\nmax_failed = 1.5", "hopline.toml:2: objectives.max_failed: expected a whole number of 0"),
        ("[objectives]\nmax_failed = true", "hopline.toml:2: objectives.max_failed: expected a whole number of 0"),
        ("[networks.a]\n\nports = [0]", "hopline.toml:3: networks.a.ports: expected port numbers"),
        ("[networks]\na = 1", r"hopline.toml:2: networks.a: expected a table, \[networks.a\]"),
        ('primary = "x"\nprimaries = "x"', "hopline.toml:2: primaries: expected a table"),
        ('[primaries]\n"a.b" = 1', "hopline.toml:2: primaries.a.b: expected the name of a group"),
        ("objectives = 1", r"hopline.toml:1: objectives: expected a table, \[objectives\]"),
    ],
)
def test_what_cannot_be_meant_is_named_with_its_line(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_configuration(text, Path("hopline.toml"))
