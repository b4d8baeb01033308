"""What the user may choose about an analysis: an immutable value."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_network

from ingest.errors import ConfigError
from ingest.inventory.model import split_address
from ingest.inventory.pods import is_address


@dataclass(frozen=True)
class Objectives:
    """What was asked of a failover; None asks nothing.

    `max_failover_s` seconds until requests are served again, `max_failed` lost requests per incident, `slo` percent
    of a service's requests that must not be lost; `fault_at` (aware) is when the fault is known to have begun.
    """

    max_failover_s: float | None = None
    max_failed: int | None = None
    slo: float | None = None
    fault_at: datetime | None = None

    @property
    def are_empty(self) -> bool:
        """True when nothing is asked."""
        return self.max_failover_s is None and self.max_failed is None and self.slo is None


@dataclass(frozen=True)
class Network:
    """What the user says of one network of the mesh, or of a part of it: where its addresses are.

    `name` is the Istio network. `cluster`, `region` and `zone` are those of every address in it; None where they
    differ or are not known. `cidrs` ("10.8.0.0/14", "fd00:8::/48") hold its pods and nodes. `hostnames` are host
    names in it, exact or "*.example.com". `addresses` ("203.0.113.7" or "203.0.113.7:15443", "[2001:db8::7]:15443")
    are those of the load balancers in front of its east-west gateway; `ports` (1 to 65535) are ports of that gateway
    beside 15443, such as a NodePort. Several values may share a name, as for the zones of one network.

    Raises ConfigError for a CIDR, address or port that is none.
    """

    name: str
    cluster: str | None = None
    region: str | None = None
    zone: str | None = None
    cidrs: tuple[str, ...] = ()
    hostnames: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        for cidr in self.cidrs:
            try:
                ip_network(cidr)
            except ValueError as error:
                raise ConfigError(
                    f"network {self.name}: {cidr!r} is no CIDR: {error}",
                    hint="expected the first address and the length of the prefix, such as 10.8.0.0/14 or fd00:8::/48",
                ) from None
        for address in self.addresses:
            if not is_address(split_address(address)[0]):
                raise ConfigError(
                    f"network {self.name}: {address!r} is no address",
                    hint="expected IP or IP:PORT, such as 203.0.113.7:15443 or [2001:db8::7]:15443; "
                    "names belong into hostnames",
                )
        for port in self.ports:
            if not 1 <= port <= 65535:
                raise ConfigError(f"network {self.name}: {port!r} is no port", hint="expected 1 to 65535")


@dataclass(frozen=True)
class Options:
    """The choices behind every answer; the defaults are documented in docs/explanation/failovers.md.

    `primary` names the primary endpoint group of every service that has such a group; `primaries` holds pairs of a
    service host and its primary group, for services of which that is known whether the log shows the group or not
    (`primary` wins over it). `since` (inclusive) and `until` (exclusive) are aware datetimes
    that bound `start_time`. `service` keeps one service host. `hold_down_s` seconds and `hold_down_requests`
    requests at the baseline must both pass before a failover counts as over; `merge_gap_s` is how close two of
    them must be to count as one; `full_share` is the share of requests that may still reach the primary when a
    failover counts as complete. `objectives` are what the view `verdicts` judges. `networks` say where addresses are
    that no inventory knows.
    """

    primary: str | None = None
    primaries: tuple[tuple[str, str], ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    service: str | None = None
    hold_down_s: float = 30.0
    hold_down_requests: int = 20
    merge_gap_s: float = 600.0
    full_share: float = 0.01
    objectives: Objectives = Objectives()
    networks: tuple[Network, ...] = ()
