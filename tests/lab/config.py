"""Envoy bootstraps as Istio would push them, rendered as plain dictionaries (JSON is YAML to Envoy).

What differs from Istio is said where it differs: static listeners and clusters instead of xDS, files instead
of /dev/stdout, endpoints from a file (`path_config_source`), and no iptables.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import mesh
from .accesslog import access_loggers
from .certificates import spiffe
from .mesh import CLUSTER2, EAST_WEST, PodSpec, Proxy, Settings, Site, socket_address

Json = dict[str, Any]

_TYPES = "type.googleapis.com/envoy"
_HCM = f"{_TYPES}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
_ROUTER = f"{_TYPES}.extensions.filters.http.router.v3.Router"
_TCP_PROXY = f"{_TYPES}.extensions.filters.network.tcp_proxy.v3.TcpProxy"
_TLS_INSPECTOR = f"{_TYPES}.extensions.filters.listener.tls_inspector.v3.TlsInspector"
_TLS_UP = f"{_TYPES}.extensions.transport_sockets.tls.v3.UpstreamTlsContext"
_TLS_DOWN = f"{_TYPES}.extensions.transport_sockets.tls.v3.DownstreamTlsContext"
_RAW = f"{_TYPES}.extensions.transport_sockets.raw_buffer.v3.RawBuffer"
_HTTP_OPTIONS = f"{_TYPES}.extensions.upstreams.http.v3.HttpProtocolOptions"
_PREVIOUS_HOSTS = f"{_TYPES}.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"

#: Istio lifts every circuit breaker unless a DestinationRule sets one.
_LIMITS = ("max_connections", "max_pending_requests", "max_requests", "max_retries")
_ALPN = ["istio-peer-exchange", "istio-http/1.1", "istio", "http/1.1"]
#: The runtime key that holds the percentage of requests that go to the canary.
CANARY_KEY = "lab.canary"
_WORKLOAD_URI = spiffe(mesh.NAMESPACE, "frontend")
WORKLOAD_URIS = {
    "ingress": spiffe("istio-system", "istio-ingressgateway-service-account"),
    "frontend": _WORKLOAD_URI,
}


@dataclass(frozen=True)
class Files:
    """Where the files of a run are while it runs."""

    root: Path

    @property
    def certs(self) -> Path:
        """Certificates."""
        return self.root / "certs"

    def eds(self, proxy: Proxy) -> Path:
        """The endpoints file that `proxy` watches."""
        return self.root / "eds" / f"{proxy.name}.json"

    def canary_eds(self, proxy: Proxy) -> Path:
        """The endpoints file of the canary that `proxy` watches."""
        return self.root / "eds" / f"{proxy.name}-canary.json"

    def bootstrap(self, proxy: Proxy) -> Path:
        """The bootstrap of `proxy`."""
        return self.root / f"{proxy.name}.bootstrap.json"

    def text_log(self, site: Site, workload: str, name: str) -> Path:
        """Text access log of one proxy."""
        return self.root / "logs" / "text" / site.name / workload / f"{name}.log"

    def json_log(self, site: Site, workload: str, name: str) -> Path:
        """JSON access log of the same proxy."""
        return self.root / "logs" / "json" / site.name / workload / f"{name}.log"

    def outlier_log(self, proxy: Proxy) -> Path:
        """Outlier-detection events of `proxy`."""
        return self.root / "outlier" / f"{proxy.name}.log"


def seconds(value: float) -> str:
    """Render a duration as protobuf JSON."""
    return f"{value:.3f}s"


def _node(proxy: Proxy, kind: str, namespace: str) -> Json:
    node_id = f"{kind}~{proxy.address}~{proxy.name}.{namespace}~{namespace}.svc.cluster.local"
    return {
        "id": node_id,
        "cluster": f"{proxy.workload}.{namespace}",
        "locality": proxy.site.locality,
        "metadata": {
            "CLUSTER_ID": proxy.site.name,
            "NETWORK": proxy.site.network,
            "NAME": proxy.name,
            "NAMESPACE": namespace,
            "WORKLOAD_NAME": proxy.workload,
            "INSTANCE_IPS": proxy.address,
            "MESH_ID": "cluster.local",
            "LABELS": {"topology.istio.io/network": proxy.site.network},
        },
    }


def _bootstrap(
    proxy: Proxy,
    files: Files,
    *,
    kind: str,
    namespace: str,
    source: str,
    listeners: list[Json],
    clusters: list[Json],
) -> Json:
    return {
        "node": _node(proxy, kind, namespace),
        "admin": {"address": socket_address(proxy.address, mesh.ADMIN_PORT)},
        "cluster_manager": {
            "outlier_detection": {"event_log_path": str(files.outlier_log(proxy))},
            # Each proxy speaks from its own address, as a pod does: hops can then be joined by address.
            "upstream_bind_config": {"source_address": {"address": source, "port_value": 0}},
        },
        "static_resources": {"listeners": listeners, "clusters": clusters},
    }


def _outlier_detection(settings: Settings) -> Json:
    ejection = settings.base_ejection_s
    return {
        "consecutive_5xx": settings.consecutive_5xx,
        "enforcing_consecutive_5xx": 100,
        "enforcing_success_rate": 0,
        "interval": seconds(settings.outlier_interval_s),
        "base_ejection_time": seconds(ejection),
        # Envoy's own cap is 300 s for a base of 30 s: keep the proportion.
        "max_ejection_time": seconds(ejection * 10),
        "max_ejection_percent": 100,
    }


def _eds_cluster(name: str, settings: Settings, eds: Path) -> Json:
    return {
        "name": name,
        "type": "EDS",
        "eds_cluster_config": {"eds_config": {"path_config_source": {"path": str(eds)}, "resource_api_version": "V3"}},
        "connect_timeout": seconds(settings.connect_timeout_s),
        "lb_policy": "LEAST_REQUEST",
        "common_lb_config": {"healthy_panic_threshold": {"value": 0}},
        "outlier_detection": _outlier_detection(settings),
        "circuit_breakers": {"thresholds": [dict.fromkeys(_LIMITS, 4294967295)]},
        "metadata": {
            "filter_metadata": {
                "istio": {"services": [{"host": mesh.SERVICE, "name": mesh.SERVICE, "namespace": mesh.NAMESPACE}]}
            }
        },
    }


def _certificates(files: Files, name: str) -> Json:
    return {
        "certificate_chain": {"filename": str(files.certs / f"{name}-cert.pem")},
        "private_key": {"filename": str(files.certs / f"{name}-key.pem")},
    }


def _validation(files: Files, uri: str) -> Json:
    return {
        "trusted_ca": {"filename": str(files.certs / "root-cert.pem")},
        "match_typed_subject_alt_names": [{"san_type": "URI", "matcher": {"exact": uri}}],
    }


def _http_options(settings: Settings) -> Json:
    common: Json = {"idle_timeout": seconds(settings.idle_timeout_s)}
    if settings.max_requests_per_connection:
        common["max_requests_per_connection"] = settings.max_requests_per_connection
    return {
        _HTTP_OPTIONS.removeprefix("type.googleapis.com/"): {
            "@type": _HTTP_OPTIONS,
            "common_http_protocol_options": common,
            "explicit_http_config": {"http_protocol_options": {}},
        }
    }


def _outbound_cluster(name: str, sni: str, eds: Path, settings: Settings, files: Files) -> Json:
    tls = {
        "@type": _TLS_UP,
        "sni": sni,
        "common_tls_context": {
            "alpn_protocols": _ALPN,
            "tls_certificates": [_certificates(files, "ingress")],
            "validation_context": _validation(files, _WORKLOAD_URI),
        },
    }
    return _eds_cluster(name, settings, eds) | {
        "typed_extension_protocol_options": _http_options(settings),
        "common_lb_config": {"healthy_panic_threshold": {"value": 0}, "locality_weighted_lb_config": {}},
        "transport_socket_matches": [
            {
                "name": "tlsMode-istio",
                "match": {"tlsMode": "istio"},
                "transport_socket": {"name": "envoy.transport_sockets.tls", "typed_config": tls},
            },
            {
                "name": "tlsMode-disabled",
                "match": {},
                "transport_socket": {
                    "name": "envoy.transport_sockets.raw_buffer",
                    "typed_config": {"@type": _RAW},
                },
            },
        ],
    }


def _http_filter(stat_prefix: str, route_config: Json, access_log: list[Json], **more: Any) -> Json:
    return {
        "name": "envoy.filters.network.http_connection_manager",
        "typed_config": {
            "@type": _HCM,
            "stat_prefix": stat_prefix,
            "server_name": "istio-envoy",
            "normalize_path": True,
            "path_with_escaped_slashes_action": "KEEP_UNCHANGED",
            "preserve_external_request_id": True,
            "http_filters": [{"name": "envoy.filters.http.router", "typed_config": {"@type": _ROUTER}}],
            "route_config": route_config,
            "access_log": access_log,
            **more,
        },
    }


def _retry_policy(settings: Settings) -> Json:
    return {
        # Istio writes the 503 of its default policy as a retriable status code.
        "retry_on": "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes",
        "retriable_status_codes": [503],
        "num_retries": settings.retries,
        "retry_host_predicate": [
            {"name": "envoy.retry_host_predicates.previous_hosts", "typed_config": {"@type": _PREVIOUS_HOSTS}}
        ],
        "host_selection_retry_max_attempts": "5",
    }


def _route(cluster: str, settings: Settings, *, canary: bool = False) -> Json:
    match: Json = {"prefix": "/"}
    if canary:
        # Istio writes weighted clusters; a share that can be changed while the mesh runs logs the same lines.
        share = {"default_value": {"numerator": 0}, "runtime_key": CANARY_KEY}
        match["runtime_fraction"] = share
    return {
        "name": mesh.ROUTE_NAME,
        "match": match,
        "route": {
            "cluster": cluster,
            "timeout": seconds(settings.route_timeout_s),
            "retry_policy": _retry_policy(settings),
        },
    }


def ingress_bootstrap(proxy: Proxy, settings: Settings, files: Files) -> Json:
    """Render the bootstrap of one ingress gateway of cluster1."""
    routes = [_route(mesh.OUTBOUND_CLUSTER, settings)]
    clusters = [_outbound_cluster(mesh.OUTBOUND_CLUSTER, mesh.SNI, files.eds(proxy), settings, files)]
    if settings.canary_pods:
        routes.insert(0, _route(mesh.CANARY_CLUSTER, settings, canary=True))
        eds = files.canary_eds(proxy)
        clusters.append(_outbound_cluster(mesh.CANARY_CLUSTER, mesh.CANARY_SNI, eds, settings, files))
    host = {
        "name": f"{mesh.SERVICE}:80",
        "domains": [mesh.SERVICE, f"{mesh.SERVICE}:*"],
        "include_request_attempt_count": True,
        "routes": routes,
    }
    http = _http_filter(
        "outbound_0.0.0.0_8080",
        {"name": "http.8080", "validate_clusters": False, "virtual_hosts": [host]},
        access_loggers(files, proxy.site, proxy.workload, proxy.name),
        use_remote_address=True,
    )
    listener = {
        "name": "0.0.0.0_8080",
        "address": socket_address(proxy.address, mesh.INGRESS_PORT),
        "filter_chains": [{"filters": [http]}],
    }
    bootstrap = _bootstrap(
        proxy,
        files,
        kind="router",
        namespace="istio-system",
        source=proxy.address,
        listeners=[listener],
        clusters=clusters,
    )
    if settings.canary_pods:
        bootstrap["layered_runtime"] = {"layers": [{"name": "admin", "admin_layer": {}}]}
    return bootstrap


def east_west_bootstrap(settings: Settings, files: Files) -> Json:
    """Render the bootstrap of the east-west gateway of cluster2: passthrough by SNI."""
    tcp = {
        "name": "envoy.filters.network.tcp_proxy",
        "typed_config": {
            "@type": _TCP_PROXY,
            "stat_prefix": mesh.SNI,
            "cluster": mesh.SNI,
            "access_log": access_loggers(files, CLUSTER2, EAST_WEST.workload, EAST_WEST.name),
        },
    }
    listener = {
        "name": f"0.0.0.0_{mesh.EAST_WEST_PORT}",
        "address": socket_address(EAST_WEST.address, mesh.EAST_WEST_PORT),
        "listener_filters": [
            {"name": "envoy.filters.listener.tls_inspector", "typed_config": {"@type": _TLS_INSPECTOR}}
        ],
        "filter_chains": [{"filter_chain_match": {"server_names": [mesh.SNI]}, "filters": [tcp]}],
    }
    return _bootstrap(
        EAST_WEST,
        files,
        kind="router",
        namespace="istio-system",
        source=EAST_WEST.address,
        listeners=[listener],
        clusters=[_eds_cluster(mesh.SNI, settings, files.eds(EAST_WEST))],
    )


def _inbound_cluster(pod: PodSpec) -> Json:
    name = f"inbound|{mesh.POD_PORT}||"
    endpoint = {"endpoint": {"address": socket_address(pod.address, pod.app_port)}}
    return {
        "name": f"{name}#{pod.name}",
        # One process stands for three sidecars: the log must not show it.
        "alt_stat_name": name,
        "type": "STATIC",
        "connect_timeout": "10s",
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]},
    }


def _sidecar_listener(pod: PodSpec, files: Files) -> Json:
    host = {
        "name": f"inbound|http|{mesh.POD_PORT}",
        "domains": ["*"],
        "routes": [
            {
                "name": "default",
                "match": {"prefix": "/"},
                "route": {"cluster": f"inbound|{mesh.POD_PORT}||#{pod.name}", "timeout": "0s"},
            }
        ],
    }
    http = _http_filter(
        f"inbound_0.0.0.0_{mesh.POD_PORT}",
        {"name": f"inbound|{mesh.POD_PORT}||", "validate_clusters": False, "virtual_hosts": [host]},
        access_loggers(files, pod.site, "frontend", pod.name, raw_cluster=False),
        use_remote_address=False,
    )
    tls = {
        "@type": _TLS_DOWN,
        "require_client_certificate": True,
        "common_tls_context": {
            "alpn_protocols": ["istio-http/1.1", "istio", "http/1.1"],
            "tls_certificates": [_certificates(files, "frontend")],
            "validation_context": _validation(files, WORKLOAD_URIS["ingress"]),
        },
    }
    return {
        "name": f"virtualInbound-{pod.name}",
        "address": socket_address(pod.address, mesh.POD_PORT),
        "listener_filters": [
            {"name": "envoy.filters.listener.tls_inspector", "typed_config": {"@type": _TLS_INSPECTOR}}
        ],
        "filter_chains": [
            {
                "filters": [http],
                "transport_socket": {"name": "envoy.transport_sockets.tls", "typed_config": tls},
            }
        ],
    }


def sidecars_bootstrap(settings: Settings, files: Files) -> Json:
    """Render the bootstrap of the sidecars of cluster2: one listener and one log per pod."""
    return _bootstrap(
        mesh.SIDECARS,
        files,
        kind="sidecar",
        namespace=mesh.NAMESPACE,
        # The source address by which Istio marks inbound traffic.
        source="127.0.0.6",
        listeners=[_sidecar_listener(pod, files) for pod in settings.remote_pods],
        clusters=[_inbound_cluster(pod) for pod in settings.remote_pods],
    )
