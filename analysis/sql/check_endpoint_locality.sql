-- Which remote endpoints have no locality?
-- Istio compares localities to find the priority of an endpoint; one without counts as far from everywhere. Only files
-- that tell localities are looked at: a table of istioctl without the column says nothing.
-- internal
-- needs: finding_columns, inventory, source_files, caller_endpoints
-- columns:
--   finding_columns.*
CREATE VIEW check_endpoint_locality AS
WITH telling AS (
    SELECT source
    FROM source_files
    WHERE list_has_any(formats, ['envoy-clusters-text', 'envoy-clusters-json', 'istioctl-eds', 'envoy-config-dump',
                                 'kubernetes-objects'])
), placed AS (
    SELECT
        e.service, e.service_port, e.endpoint, e.endpoint_group,
        bool_or(i.region IS NOT NULL) AS has_locality,
        arg_min({'source': i.source, 'line': i.line}, (i.source, i.line)) AS place
    FROM caller_endpoints AS e
    JOIN inventory AS i
        ON e.endpoint = CASE WHEN contains(i.address, ':') THEN format('[{}]:{}', i.address, i.port)
                             ELSE format('{}:{}', i.address, i.port) END
        AND i.service = e.service AND i.service_port IS NOT DISTINCT FROM e.service_port
    SEMI JOIN telling AS t ON t.source = i.source
    WHERE e.endpoint_group IS DISTINCT FROM e.cluster_id
    GROUP BY ALL
), ordered AS (
    -- Where no endpoint of the service has a locality, and none is a gateway to others, there is nothing to order.
    SELECT service, service_port FROM caller_endpoints WHERE region IS NOT NULL OR is_gateway GROUP BY ALL
)
SELECT
    'endpoint_locality' AS check_id, 'warning' AS severity, service, service_port, endpoint AS subject,
    format('{}{} has no locality: Istio cannot tell how near it is, and locality failover cannot order it',
           endpoint, CASE WHEN endpoint_group IS NULL THEN '' ELSE format(' ({})', endpoint_group) END) AS message,
    'set locality "region/zone" in its ServiceEntry or WorkloadEntry; of pods it comes from the node labels '
    || 'topology.kubernetes.io/region and zone, of a remote network from the locality of its gateway''s pods' AS remedy,
    NULL AS yaml, place.source AS source, place.line AS line
FROM placed AS p
SEMI JOIN ordered AS o ON o.service = p.service AND o.service_port IS NOT DISTINCT FROM p.service_port
WHERE NOT has_locality;
