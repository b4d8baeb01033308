"""Networks that the user names: what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from analysis import Network
from ingest.errors import ConfigError


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"cidrs": ("10.8.0.0/99",)}, "10.8.0.0/99"),
        ({"cidrs": ("10.8.0.1/14",)}, "host bits"),
        ({"cidrs": ("fd00::/200",)}, "fd00::/200"),
        ({"addresses": ("lb.example.com:15443",)}, "lb.example.com:15443"),
        ({"addresses": ("10.0.0.300",)}, "10.0.0.300"),
        ({"ports": (0,)}, "0 is no port"),
        ({"ports": (70000,)}, "70000 is no port"),
    ],
)
def test_what_is_no_address_is_refused_with_the_name_of_its_network(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match="network west: ") as caught:
        Network("west", **given)
    assert said in str(caught.value)
    assert caught.value.hint


def test_addresses_of_both_families_are_taken_with_and_without_a_port() -> None:
    Network(
        "west",
        cidrs=("10.8.0.0/14", "fd00:8::/48"),
        addresses=("203.0.113.7", "203.0.113.7:15443", "2001:db8::7", "[2001:db8::7]:31443"),
        ports=(31443,),
    )
