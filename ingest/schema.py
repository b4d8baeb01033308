"""The Arrow schemas that flow from ingest to analysis: the public tables of hopline.

Names and units are Envoy's; see the operator table in `operators.toml` for where each column comes from.
Times are UTC with microseconds. `-` and JSON null are NULL; an empty quoted value is the empty string,
but NULL for addresses and hosts.
"""

from __future__ import annotations

import pyarrow as pa

#: Version of the tables below. It is written into every store and every JSON document.
SCHEMA_VERSION = 1

#: Version of what is made of a line: higher when the same line gives another row, so that stores read it again.
PARSER_VERSION = 1

TIMESTAMP = pa.timestamp("us", tz="UTC")

#: One row per access-log entry that parsed: (name, type, meaning). `COMMENT ON` and the docs are made of it.
ACCESS_LOG_COLUMNS: tuple[tuple[str, pa.DataType, str], ...] = (
    ("start_time", TIMESTAMP, "When the request or connection began (UTC); NULL where the line has no time."),
    ("method", pa.string(), "HTTP method; NULL for TCP."),
    ("path", pa.string(), "Request path with query, as logged (the original path where Envoy rewrote it)."),
    ("protocol", pa.string(), "HTTP/1.1, HTTP/2, HTTP/3; NULL for TCP."),
    (
        "response_code",
        pa.int32(),
        "HTTP status; 0 where no response began (the client left) and on TCP lines.",
    ),
    (
        "response_flags",
        pa.list_(pa.string()),
        "Envoy's response flags such as UF or URX; an empty list when none.",
    ),
    ("response_code_details", pa.string(), "Who set the response code and why, such as via_upstream."),
    ("connection_termination_details", pa.string(), "Why Envoy ended the connection."),
    (
        "upstream_transport_failure_reason",
        pa.string(),
        "Why the transport socket to the upstream failed (TLS).",
    ),
    ("bytes_received", pa.int64(), "Bytes of body received from the downstream."),
    ("bytes_sent", pa.int64(), "Bytes of body sent to the downstream."),
    ("duration_ms", pa.int64(), "Milliseconds from the start of the request to the last byte out."),
    (
        "upstream_service_time_ms",
        pa.int64(),
        "Milliseconds the upstream took, retries included (x-envoy-upstream-service-time).",
    ),
    ("x_forwarded_for", pa.string(), "The X-Forwarded-For header."),
    ("user_agent", pa.string(), "The User-Agent header: text that the client chose."),
    ("request_id", pa.string(), "The X-Request-Id header: the same on every hop that kept it."),
    ("authority", pa.string(), "The :authority (Host) that the client asked for."),
    ("upstream_host", pa.string(), "Address of the upstream host of the last attempt."),
    ("upstream_cluster", pa.string(), "Envoy cluster, such as outbound|80||frontend.mycompany.mesh."),
    ("upstream_local_address", pa.string(), "Local address of the connection to the upstream."),
    ("downstream_local_address", pa.string(), "Local address of the connection from the downstream."),
    ("downstream_remote_address", pa.string(), "Remote address of the connection from the downstream."),
    ("requested_server_name", pa.string(), "SNI of the connection from the downstream."),
    ("route_name", pa.string(), "Name of the route that matched."),
    (
        "upstream_request_attempt_count",
        pa.int32(),
        "Attempts made upstream (1 = no retry); NULL if not logged.",
    ),
    ("grpc_status", pa.string(), "gRPC status by name or number, as logged."),
    ("extra", pa.map_(pa.string(), pa.string()), "Every other operator or key under its own name."),
    ("log_kind", pa.string(), "http or tcp."),
    ("ambiguous", pa.bool_(), "True where an unescaped quote left more than one reading of a field."),
    ("source", pa.string(), "The file, as given."),
    ("line", pa.int64(), "Line in the source, from 1; entry index inside a container format."),
    ("cluster_id", pa.string(), "Kubernetes cluster whose proxy wrote the line."),
    ("gateway", pa.string(), "Workload whose proxy wrote the line, such as ingress or eastwest."),
    ("proxy", pa.string(), "Replica that wrote the line: pod name or its address."),
    (
        "role",
        pa.string(),
        "ingress, east_west, sidecar_inbound, sidecar_outbound, waypoint, ztunnel or unknown.",
    ),
)

REJECT_COLUMNS: tuple[tuple[str, pa.DataType, str], ...] = (
    ("source", pa.string(), "The file, as given."),
    ("line", pa.int64(), "Line in the source, from 1."),
    ("reason", pa.string(), "Why no row could be made of it."),
    ("raw", pa.binary(), "The bytes of the line, without its end."),
)

#: One row per file that was read. entries_read = access_log_rows + rejected + the sum over `others`.
SOURCE_COLUMNS: tuple[tuple[str, pa.DataType, str], ...] = (
    ("source", pa.string(), "The file, as given; in an archive, ARCHIVE!PATH."),
    ("cluster_id", pa.string(), "Kubernetes cluster, from the label, the envelope or the path."),
    ("gateway", pa.string(), "Workload, from the label, the envelope or the path."),
    ("proxy", pa.string(), "Replica, from the envelope or the path."),
    ("role", pa.string(), "Role of the proxy, from the gateway's name, else from the content."),
    ("formats", pa.list_(pa.string()), "Names of the log formats found, most frequent first."),
    (
        "compression",
        pa.string(),
        "none, gzip, zstd, bzip2 or xz; in an archive also tar or zip: what was taken off, outermost first, such as "
        "gzip+tar. Found out by content.",
    ),
    ("bytes_read", pa.int64(), "Bytes after decompression."),
    ("content_id", pa.string(), "SHA-256 of the decompressed content, in hex."),
    ("entries_read", pa.int64(), "Lines or entries read: access_log_rows + rejected + all of others."),
    ("access_log_rows", pa.int64(), "Entries that became a row of access_log."),
    ("rejected", pa.int64(), "Entries that became a row of rejects."),
    ("others", pa.map_(pa.string(), pa.int64()), "Entries that are neither, counted by reason."),
    ("first_time", TIMESTAMP, "Earliest start_time."),
    ("last_time", TIMESTAMP, "Latest end of a request (start_time + duration_ms)."),
    ("truncated", pa.bool_(), "True where a compressed stream, an archive or a JSON document ended early."),
    ("error", pa.string(), "Why the file could not be read to its end; NULL if it could."),
)

#: What the mesh declared and Envoy knew: one row per endpoint and observation.
INVENTORY_COLUMNS: tuple[tuple[str, pa.DataType, str], ...] = (
    ("observed_at", TIMESTAMP, "When the snapshot was taken; NULL where nothing says so."),
    ("observer_cluster_id", pa.string(), "Kubernetes cluster of the proxy that was asked."),
    ("observer_gateway", pa.string(), "Workload of the proxy that was asked; NULL where none was (Kubernetes, YAML)."),
    ("observer_proxy", pa.string(), "Replica that was asked, where it is said: ejection is per proxy."),
    ("upstream_cluster", pa.string(), "Envoy cluster that the endpoint is in; NULL where no proxy was asked."),
    ("service", pa.string(), "Host of the service."),
    ("service_port", pa.int32(), "Port of the service."),
    ("subset", pa.string(), "Subset of the service; NULL if none."),
    ("address", pa.string(), "IP address (no brackets) or other address of the endpoint."),
    ("port", pa.int32(), "Port of the endpoint."),
    ("cluster_id", pa.string(), "Kubernetes cluster that the endpoint lives in, where it is said."),
    ("network", pa.string(), "Istio network of the endpoint, where it is said."),
    ("region", pa.string(), "Region of the endpoint's locality."),
    ("zone", pa.string(), "Zone of the endpoint's locality."),
    ("subzone", pa.string(), "Sub-zone of the endpoint's locality."),
    ("priority", pa.int32(), "Envoy priority; NULL where the file does not say."),
    ("weight", pa.int64(), "Load-balancing weight."),
    ("health", pa.string(), "healthy, unhealthy, draining, degraded or timeout, as declared by EDS."),
    ("ejected", pa.bool_(), "True where outlier detection had ejected the endpoint at that moment."),
    ("workload", pa.string(), "Workload, pod or host name of the endpoint."),
    ("node", pa.string(), "Kubernetes node: of a pod, the one it runs on; of a node, its own name."),
    ("source", pa.string(), "The file that says so."),
    ("line", pa.int64(), "Line in that file, from 1."),
)

#: Envoy's event logs: outlier detection, and active health checks that took a host out or back.
OUTLIER_EVENT_COLUMNS: tuple[tuple[str, pa.DataType, str], ...] = (
    ("time", TIMESTAMP, "When Envoy decided (UTC)."),
    ("observer_cluster_id", pa.string(), "Kubernetes cluster of the proxy that decided."),
    ("observer_gateway", pa.string(), "Workload of the proxy that decided."),
    ("observer_proxy", pa.string(), "Replica that decided."),
    ("upstream_cluster", pa.string(), "Envoy cluster that the endpoint is in."),
    ("address", pa.string(), "IP address of the endpoint."),
    ("port", pa.int32(), "Port of the endpoint."),
    ("action", pa.string(), "eject or uneject."),
    (
        "type",
        pa.string(),
        "Detector, such as CONSECUTIVE_5XX (5xx and the like in the legacy log) or, for an active health check, "
        "HEALTH_CHECK_NETWORK and its like.",
    ),
    ("enforced", pa.bool_(), "False on an eject that was only detected."),
    ("num_ejections", pa.int64(), "How many times in a row the host has been ejected."),
    ("secs_since_last_action", pa.int64(), "Seconds since the host's last action; NULL if none."),
    ("source", pa.string(), "The file that says so."),
    ("line", pa.int64(), "Line in that file, from 1."),
)

#: What resources of Istio and Gloo set, and what Envoy made of it: one row per setting (and host that it is for).
MESH_CONFIG_COLUMNS: tuple[tuple[str, pa.DataType, str], ...] = (
    ("observed_at", TIMESTAMP, "When the resource was read from the cluster; NULL where nothing says so."),
    ("cluster_id", pa.string(), "Kubernetes cluster that the file is from, by its label or folder."),
    (
        "kind",
        pa.string(),
        "Kind of the resource, such as DestinationRule; Cluster for a cluster of Envoy in a config dump.",
    ),
    ("namespace", pa.string(), "Namespace of the resource."),
    ("name", pa.string(), "Name of the resource; of a Cluster, the Envoy cluster."),
    ("host", pa.string(), "Host that the resource is for, as written; NULL where it names none."),
    ("setting", pa.string(), "Path in its spec, such as trafficPolicy.outlierDetection.interval or subsets[0].name."),
    ("value", pa.string(), "Value as written; {} or [] for an empty one, NULL for null."),
    ("source", pa.string(), "The file that says so."),
    ("line", pa.int64(), "Line in that file, from 1."),
)

#: What a proxy had counted when it was asked: two snapshots tell what happened in between, however few lines are held.
ENDPOINT_COUNTER_COLUMNS: tuple[tuple[str, pa.DataType, str], ...] = (
    ("observed_at", TIMESTAMP, "When the snapshot was taken; NULL where nothing says so."),
    ("observer_cluster_id", pa.string(), "Kubernetes cluster of the proxy that was asked."),
    ("observer_gateway", pa.string(), "Workload of the proxy that was asked."),
    ("observer_proxy", pa.string(), "Replica that was asked, where it is said: each counts for itself."),
    ("upstream_cluster", pa.string(), "Envoy cluster."),
    ("address", pa.string(), "IP address of the endpoint; NULL where the whole cluster is counted."),
    ("port", pa.int32(), "Port of the endpoint."),
    (
        "counter",
        pa.string(),
        "Envoy's name, such as rq_total, rq_success or cx_connect_fail of an endpoint, upstream_rq_2xx of a cluster.",
    ),
    ("value", pa.int64(), "Count since the proxy, or the endpoint in it, began."),
    ("source", pa.string(), "The file that says so."),
    ("line", pa.int64(), "Line in that file, from 1."),
)


def schema_of(columns: tuple[tuple[str, pa.DataType, str], ...]) -> pa.Schema:
    """Return the Arrow schema of a column list, each field carrying its meaning as metadata."""
    return pa.schema([pa.field(name, type_, metadata={"comment": text}) for name, type_, text in columns])


ACCESS_LOG = schema_of(ACCESS_LOG_COLUMNS)
REJECTS = schema_of(REJECT_COLUMNS)
SOURCES = schema_of(SOURCE_COLUMNS)
INVENTORY = schema_of(INVENTORY_COLUMNS)
OUTLIER_EVENTS = schema_of(OUTLIER_EVENT_COLUMNS)
MESH_CONFIG = schema_of(MESH_CONFIG_COLUMNS)
ENDPOINT_COUNTERS = schema_of(ENDPOINT_COUNTER_COLUMNS)
