-- Which service, port and subset does an Envoy cluster name stand for?
-- Reads direction|port|subset|host, its SNI-DNAT form direction_.port_.subset_.host, and the inbound forms of all
-- Istio versions. Names of any other shape are services of their own, except Envoy's and Istio's internal ones.
-- internal
-- needs: entry_kinds, inventory
-- columns:
--   upstream_cluster: The name as logged; a requested_server_name may stand here too.
--   direction: outbound, inbound or inbound-vip; NULL where the name does not say.
--   service_port: Port of the service.
--   subset: Subset of the DestinationRule; NULL if none.
--   service: Host of the service; NULL where the name does not say (inbound since Istio 1.8).
--   sni_dnat: True for the SNI-DNAT form that east-west gateways use.
CREATE TABLE cluster_names AS
WITH names AS (
    SELECT upstream_cluster FROM entry_kinds WHERE upstream_cluster IS NOT NULL
    UNION
    SELECT asked_name FROM entry_kinds WHERE asked_name LIKE '%bound_.%'
    UNION
    SELECT upstream_cluster FROM inventory WHERE upstream_cluster IS NOT NULL
), parts AS (
    SELECT
        upstream_cluster,
        regexp_extract(
            upstream_cluster, '^(outbound|inbound|inbound-vip)\|([^|]*)\|([^|]*)\|(.*)$',
            ['direction', 'port', 'subset', 'host']
        ) AS pipe,
        regexp_extract(
            upstream_cluster, '^(outbound|inbound)_\.([0-9]+)_\.(.*?)_\.(.*)$',
            ['direction', 'port', 'subset', 'host']
        ) AS dnat
    FROM names
), chosen AS (
    SELECT
        upstream_cluster,
        dnat.direction <> '' AS sni_dnat,
        CASE WHEN dnat.direction <> '' THEN dnat ELSE pipe END AS part
    FROM parts
)
SELECT
    upstream_cluster,
    nullif(part.direction, '') AS direction,
    TRY_CAST(nullif(part.port, '') AS INTEGER) AS service_port,
    -- The subset slot of inbound names held the port's name up to Istio 1.7, that of inbound-vip the protocol.
    CASE
        WHEN part.direction = 'inbound' THEN NULL
        WHEN part.direction = 'inbound-vip' AND part.subset IN ('http', 'tcp') THEN NULL
        ELSE nullif(part.subset, '')
    END AS subset,
    CASE
        WHEN part.direction <> '' THEN nullif(part.host, '')
        WHEN regexp_matches(
            upstream_cluster,
            '^(PassthroughCluster|BlackHoleCluster|InboundPassthroughCluster|agent$|prometheus_stats$|sds-grpc$'
            || '|xds-grpc$|connect_originate$|connect_terminate$|main_internal$|encap$|inner_connect_originate$'
            || '|outer_connect_originate$)'
        ) THEN NULL
        ELSE upstream_cluster
    END AS service,
    sni_dnat
FROM chosen;
