"""The networks that the user named, as rows that addresses can be compared with in SQL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from analysis.options import Network
from ingest.inventory.model import split_address

#: Strength of what is said of an address: these, and what is more exact of the same kind a little more. A prefix is
#: as strong as it is long (0 to 128).
_ADDRESS, _HOSTNAME, _PORT = 2000, 1000, -1


def network_rows(networks: Iterable[Network]) -> list[dict[str, Any]]:
    """Return one row of the table `networks` for each statement about one."""
    rows = []
    for network in networks:
        common = {
            "network": network.name,
            "network_cluster_id": network.cluster,
            "region": network.region,
            "zone": network.zone,
            "ports": list(network.ports),
        }
        rows += [common | statement for statement in _statements(network)]
    return rows


def _statements(network: Network) -> Iterator[dict[str, Any]]:
    for cidr in network.cidrs:
        block = ip_network(cidr)
        yield {
            "statement": "cidr",
            "value": cidr,
            "strength": block.prefixlen,
            "first_key": _key(block.network_address),
            "last_key": _key(block.broadcast_address),
        }
    for name in network.hostnames:
        strength = _HOSTNAME + (len(name) if name.startswith("*.") else 500)
        yield {"statement": "hostname", "value": name, "strength": strength, "hostname": name.lower()}
    for address in network.addresses:
        host, port = split_address(address)
        yield {
            "statement": "address",
            "value": address,
            "strength": _ADDRESS + (port is not None),
            "first_key": _key(ip_address(host or "")),
            "port": port,
        }
    if not (network.cidrs or network.hostnames or network.addresses):
        for port in network.ports:
            yield {"statement": "port", "value": str(port), "strength": _PORT, "port": port}


def _key(address: IPv4Address | IPv6Address) -> str:
    """Return an address in hex; keys of one family compare as the addresses do."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).packed.hex()
