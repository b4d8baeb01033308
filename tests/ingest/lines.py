"""Lines for tests, made from fields: never from anybody's log."""

from __future__ import annotations

ISTIO = (
    '[{start_time}] "{method} {path} {protocol}" {code} {flags} {details} - "{reason}" 0 {sent} {duration} {service_time} '  # noqa: E501
    '"{forwarded}" "{agent}" "{request_id}" "{authority}" "{host}" {cluster} {local} 10.1.0.9:8080 {remote} {sni} {route}'  # noqa: E501
)


def istio_line(**fields: object) -> str:
    """Return a line of Istio's default text with the given fields changed."""
    values: dict[str, object] = {
        "start_time": "2026-03-01T10:00:00.125Z",
        "method": "GET",
        "path": "/cart",
        "protocol": "HTTP/1.1",
        "code": 200,
        "flags": "-",
        "details": "via_upstream",
        "reason": "-",
        "sent": 512,
        "duration": 12,
        "service_time": 11,
        "forwarded": "192.0.2.10",
        "agent": "curl/8.9.1",
        "request_id": "0f8f7d1e-53c1-4c0f-9a5e-4a9d0d3b7c11",
        "authority": "shop.example",
        "host": "10.1.2.3:8080",
        "cluster": "outbound|80||shop.example",
        "local": "10.1.0.9:41000",
        "remote": "192.0.2.10:51234",
        "sni": "-",
        "route": "default",
    }
    values.update(fields)
    return ISTIO.format(**values)
