-- Which pod had which address in which cluster, from when to when?
-- From lists of pods (and WorkloadEntries), with the locality of their nodes. An address that lists give to one pod only
-- is that pod's, always; where lists disagree, it is each pod's from the first to the last list that says so (the first and
-- the last pod's also before and after), and nobody's in between. What a list lacks proves nothing: it may be of one
-- namespace.
-- internal
-- needs: inventory
-- columns:
--   cluster_id: Kubernetes cluster of the pod.
--   address: IP address, without brackets.
--   valid_from: Since when (UTC); NULL = as far back as the logs go.
--   valid_until: Until when (UTC); NULL = no end.
--   workload: Name of the pod; NULL where several share the address (on their node's).
--   network: Istio network.
--   region: Region of the pod, or of its node.
--   zone: Zone of the same.
--   subzone: Sub-zone of the same.
CREATE TABLE pods AS
WITH nodes AS (
    SELECT
        cluster_id, node,
        CASE WHEN count(DISTINCT network) = 1 THEN any_value(network) END AS network,
        CASE WHEN count(DISTINCT region) = 1 THEN any_value(region) END AS region,
        CASE WHEN count(DISTINCT zone) = 1 THEN any_value(zone) END AS zone,
        CASE WHEN count(DISTINCT subzone) = 1 THEN any_value(subzone) END AS subzone
    FROM inventory
    WHERE upstream_cluster IS NULL AND service IS NULL AND workload IS NULL AND node IS NOT NULL
    GROUP BY cluster_id, node
), seen AS (
    SELECT
        i.cluster_id, i.address, i.observed_at,
        list_sort(list(DISTINCT i.workload)) AS workloads,
        CASE WHEN count(DISTINCT coalesce(i.network, n.network)) = 1 THEN any_value(coalesce(i.network, n.network)) END AS network,
        CASE WHEN count(DISTINCT coalesce(i.region, n.region)) = 1 THEN any_value(coalesce(i.region, n.region)) END AS region,
        CASE WHEN count(DISTINCT coalesce(i.zone, n.zone)) = 1 THEN any_value(coalesce(i.zone, n.zone)) END AS zone,
        CASE WHEN count(DISTINCT coalesce(i.subzone, n.subzone)) = 1 THEN any_value(coalesce(i.subzone, n.subzone)) END AS subzone
    FROM inventory AS i
    LEFT JOIN nodes AS n ON n.cluster_id IS NOT DISTINCT FROM i.cluster_id AND n.node = i.node
    WHERE i.upstream_cluster IS NULL AND i.service IS NULL AND i.workload IS NOT NULL AND i.address IS NOT NULL
    GROUP BY i.cluster_id, i.address, i.observed_at
), changes AS (
    SELECT *, coalesce(workloads <> lag(workloads) OVER history, false) AS is_new
    FROM seen
    WINDOW history AS (PARTITION BY cluster_id, address ORDER BY observed_at)
), numbered AS (
    SELECT *, sum(is_new::INTEGER) OVER (PARTITION BY cluster_id, address ORDER BY observed_at) AS run
    FROM changes
), runs AS (
    SELECT
        cluster_id, address, run, min(observed_at) AS first_seen, max(observed_at) AS last_seen,
        bool_or(observed_at IS NULL) AS is_undated,
        any_value(workloads) AS workloads,
        CASE WHEN count(DISTINCT network) = 1 THEN any_value(network) END AS network,
        CASE WHEN count(DISTINCT region) = 1 THEN any_value(region) END AS region,
        CASE WHEN count(DISTINCT zone) = 1 THEN any_value(zone) END AS zone,
        CASE WHEN count(DISTINCT subzone) = 1 THEN any_value(subzone) END AS subzone
    FROM numbered
    GROUP BY cluster_id, address, run
)
SELECT
    cluster_id, address,
    CASE WHEN run > min(run) OVER same THEN first_seen END AS valid_from,
    CASE WHEN run < max(run) OVER same THEN last_seen + INTERVAL 1 MICROSECOND END AS valid_until,
    CASE WHEN len(workloads) = 1 THEN workloads[1] END AS workload,
    network, region, zone, subzone
FROM runs
-- A list without a time that disagrees with another says nothing about when.
WINDOW same AS (PARTITION BY cluster_id, address)
QUALIFY count(*) OVER same = 1 OR NOT bool_or(is_undated) OVER same;
