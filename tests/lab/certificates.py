"""Throw-away certificates for the mutual TLS between the two clusters, made without any dependency.

A CA and one certificate per workload (P-256, SPIFFE URI), in plain Python: big enough for a lab on loopback,
not constant-time, and never to be used for anything that matters. No key is ever committed.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

_P = 2**256 - 2**224 + 2**192 + 2**96 - 1
_A = _P - 3
_N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_Point = tuple[int, int] | None
_G: _Point = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)

_EC_PUBLIC_KEY = "1.2.840.10045.2.1"
_PRIME256V1 = "1.2.840.10045.3.1.7"
_ECDSA_SHA256 = "1.2.840.10045.4.3.2"
_ORGANIZATION = "2.5.4.10"
_BASIC_CONSTRAINTS = "2.5.29.19"
_KEY_USAGE = "2.5.29.15"
_SUBJECT_ALT_NAME = "2.5.29.17"


@dataclass(frozen=True)
class Identity:
    """A private key and its certificate, both DER."""

    name: str
    key: int
    certificate: bytes


def _add(left: _Point, right: _Point) -> _Point:
    if left is None:
        return right
    if right is None:
        return left
    (x1, y1), (x2, y2) = left, right
    if x1 == x2 and (y1 + y2) % _P == 0:
        return None
    rise, run = (3 * x1 * x1 + _A, 2 * y1) if x1 == x2 else (y2 - y1, x2 - x1)
    slope = rise * pow(run, -1, _P)
    x3 = (slope * slope - x1 - x2) % _P
    return x3, (slope * (x1 - x3) - y1) % _P


def _multiply(scalar: int, point: _Point) -> tuple[int, int]:
    total: _Point = None
    while scalar:
        if scalar & 1:
            total = _add(total, point)
        point = _add(point, point)
        scalar >>= 1
    assert total is not None
    return total


def _tlv(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    size = len(body)
    if size < 128:
        return bytes([tag, size]) + body
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + body


def _integer(value: int) -> bytes:
    return _tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _oid(dotted: str) -> bytes:
    first, second, *rest = (int(part) for part in dotted.split("."))
    out = bytearray([first * 40 + second])
    for arc in rest:
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.append(0x80 | arc & 0x7F)
        out += bytes(reversed(groups))
    return _tlv(0x06, bytes(out))


def _name(organization: str) -> bytes:
    return _tlv(0x30, _tlv(0x31, _tlv(0x30, _oid(_ORGANIZATION), _tlv(0x0C, organization.encode()))))


def _extension(oid: str, value: bytes, *, critical: bool = False) -> bytes:
    return _tlv(0x30, _oid(oid), _tlv(0x01, b"\xff") if critical else b"", _tlv(0x04, value))


def _public_point(key: int) -> bytes:
    x, y = _multiply(key, _G)
    return b"\x04" + x.to_bytes(32, "big") + y.to_bytes(32, "big")


def _sign(key: int, message: bytes) -> bytes:
    digest = int.from_bytes(hashlib.sha256(message).digest(), "big")
    while True:
        nonce = secrets.randbelow(_N - 1) + 1
        r = _multiply(nonce, _G)[0] % _N
        s = pow(nonce, -1, _N) * (digest + r * key) % _N
        if r and s:
            return _tlv(0x30, _integer(r), _integer(s))


def issue(name: str, *, issuer: Identity | None = None, uri: str | None = None) -> Identity:
    """Make a key and its certificate, valid for a week: a CA without `uri`, else a leaf with that name."""
    key = secrets.randbelow(_N - 1) + 1
    algorithm = _tlv(0x30, _oid(_ECDSA_SHA256))
    if uri is None:
        extensions = _extension(_BASIC_CONSTRAINTS, _tlv(0x30, _tlv(0x01, b"\xff")), critical=True)
        extensions += _extension(_KEY_USAGE, _tlv(0x03, b"\x02\x04"), critical=True)
    else:
        extensions = _extension(_KEY_USAGE, _tlv(0x03, b"\x07\x80"), critical=True)
        extensions += _extension(_SUBJECT_ALT_NAME, _tlv(0x30, _tlv(0x86, uri.encode())))
    now = datetime.now(UTC)
    validity = [now - timedelta(hours=1), now + timedelta(days=7)]
    body = _tlv(
        0x30,
        _tlv(0xA0, _integer(2)),
        _integer(secrets.randbits(120)),
        algorithm,
        _name(issuer.name if issuer else name),
        _tlv(0x30, *(_tlv(0x17, when.strftime("%y%m%d%H%M%SZ").encode()) for when in validity)),
        _name(name),
        _tlv(
            0x30,
            _tlv(0x30, _oid(_EC_PUBLIC_KEY), _oid(_PRIME256V1)),
            _tlv(0x03, b"\x00", _public_point(key)),
        ),
        _tlv(0xA3, _tlv(0x30, extensions)),
    )
    signature = _sign(issuer.key if issuer else key, body)
    return Identity(name, key, _tlv(0x30, body, algorithm, _tlv(0x03, b"\x00", signature)))


def _pem(label: str, der: bytes) -> str:
    text = base64.encodebytes(der).decode()
    return f"-----BEGIN {label}-----\n{text}-----END {label}-----\n"


def _private_key(identity: Identity) -> bytes:
    return _tlv(
        0x30,
        _integer(1),
        _tlv(0x04, identity.key.to_bytes(32, "big")),
        _tlv(0xA0, _oid(_PRIME256V1)),
        _tlv(0xA1, _tlv(0x03, b"\x00", _public_point(identity.key))),
    )


def spiffe(namespace: str, account: str) -> str:
    """Return the SPIFFE identity of a service account in the mesh."""
    return f"spiffe://cluster.local/ns/{namespace}/sa/{account}"


def write_certificates(folder: Path, workloads: dict[str, str]) -> None:
    """Write `root-cert.pem` and, per workload (name -> URI), `NAME-cert.pem` and `NAME-key.pem` (0600)."""
    folder.mkdir(parents=True, exist_ok=True)
    root = issue("cluster.local root")
    (folder / "root-cert.pem").write_text(_pem("CERTIFICATE", root.certificate))
    for name, uri in workloads.items():
        leaf = issue(name, issuer=root, uri=uri)
        (folder / f"{name}-cert.pem").write_text(_pem("CERTIFICATE", leaf.certificate))
        key = folder / f"{name}-key.pem"
        key.touch(mode=0o600)
        key.write_text(_pem("EC PRIVATE KEY", _private_key(leaf)))
