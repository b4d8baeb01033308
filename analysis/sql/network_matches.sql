-- To which of the networks that the user named does each upstream address belong?
-- The most exact statement wins: a load balancer's address (with its port, then without), a host name (exact, then the
-- longest ending), the longest prefix, and last a gateway port of a network of which nothing else is said. Where two
-- networks say it equally well, the address can only be in the caller's own, if that is one of them: networks that
-- overlap cannot reach each other's addresses. Else only what both say is known.
-- internal
-- needs: entry_kinds, networks
-- columns:
--   cluster_id: Kubernetes cluster of the proxy that used the address.
--   upstream_host: The address as logged.
--   endpoint_cluster: Kubernetes cluster that it lives in.
--   network: Name of the network.
--   region: Region.
--   zone: Zone.
--   is_gateway: True where it is the network's east-west gateway: by its address, or by the port 15443 or another one named.
CREATE TABLE network_matches AS
WITH used AS (
    SELECT DISTINCT cluster_id, upstream_host, regexp_replace(upstream_host, '^(tcp://|envoy://[^/]*/)', '') AS address
    FROM entry_kinds
    WHERE upstream_host IS NOT NULL AND EXISTS (FROM networks)
), split AS (
    SELECT
        *,
        lower(regexp_replace(regexp_extract(address, '^\[?([^\[\]]*?)\]?:[0-9]+$', 1), '%.*$', '')) AS host,
        TRY_CAST(regexp_extract(address, ':([0-9]+)$', 1) AS INTEGER) AS port
    FROM used
), parts AS (
    -- IPv4 as 8 hex digits, IPv6 as 32; an IPv4 address inside IPv6 is the IPv4 address.
    SELECT
        *,
        regexp_extract(host, '^(?:::ffff:)?([0-9]+\.[0-9]+\.[0-9]+\.[0-9]+)$', 1) AS four,
        CASE WHEN regexp_matches(host, '^[0-9a-f:]*:[0-9a-f:]*$')
             THEN list_filter(string_split(string_split(host, '::')[1], ':'), lambda g: g <> '') END AS head,
        CASE WHEN contains(host, '::')
             THEN list_filter(string_split(string_split(host, '::')[2], ':'), lambda g: g <> '') ELSE [] END AS tail
    FROM split
), keyed AS (
    SELECT
        cluster_id, upstream_host, host, port,
        CASE
            WHEN four <> '' THEN array_to_string(
                list_transform(string_split(four, '.'), lambda n: format('{:02x}', TRY_CAST(n AS INTEGER))), ''
            )
            WHEN len(head) + len(tail) <= 8 AND len(head) + len(tail) > 0 OR host = '::' THEN array_to_string(
                list_transform(
                    list_concat(head, list_transform(range(8 - len(head) - len(tail)), lambda n: '0'), tail),
                    lambda g: lpad(g, 4, '0')
                ), ''
            )
        END AS key
    FROM parts
), matches AS (
    SELECT
        k.cluster_id, k.upstream_host, n.*,
        n.statement = 'address' OR k.port = 15443 OR list_contains(n.ports, k.port) AS is_gateway,
        max(n.strength) OVER (PARTITION BY k.cluster_id, k.upstream_host) AS best
    FROM keyed AS k
    JOIN networks AS n
        ON CASE n.statement
            WHEN 'address' THEN n.first_key = k.key AND (n.port IS NULL OR n.port = k.port)
            WHEN 'cidr' THEN len(n.first_key) = len(k.key) AND k.key BETWEEN n.first_key AND n.last_key
            WHEN 'hostname' THEN k.host = n.hostname OR starts_with(n.hostname, '*.') AND ends_with(k.host, n.hostname[2:])
            WHEN 'port' THEN n.port = k.port
        END
), strongest AS (
    SELECT
        *,
        bool_or(network_cluster_id = cluster_id) OVER (PARTITION BY cluster_id, upstream_host) AS has_own
    FROM matches
    WHERE strength = best
)
SELECT
    cluster_id, upstream_host,
    CASE WHEN count(DISTINCT coalesce(network_cluster_id, '')) = 1 THEN any_value(network_cluster_id) END AS endpoint_cluster,
    CASE WHEN count(DISTINCT network) = 1 THEN any_value(network) END AS network,
    CASE WHEN count(DISTINCT coalesce(region, '')) = 1 THEN any_value(region) END AS region,
    CASE WHEN count(DISTINCT coalesce(zone, '')) = 1 THEN any_value(zone) END AS zone,
    bool_and(is_gateway) AS is_gateway
FROM strongest
WHERE network_cluster_id = cluster_id OR NOT coalesce(has_own, false)
GROUP BY cluster_id, upstream_host;
