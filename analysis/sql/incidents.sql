-- Which failovers belong to one incident?
-- Failovers that overlap in time and share a service or an endpoint group are one incident.
-- needs: failovers
-- columns:
--   incident_id: Number of the incident, by time.
--   started_earliest: Onset of its first failover: not before this; NULL where the log begins inside it.
--   started_latest: Onset of its first failover: not after this.
--   ended_earliest: Recovery of its last failover: not before this; NULL while one is open.
--   ended_latest: Recovery of its last failover: not after this; NULL while one is open.
--   services: Services it touched.
--   endpoint_groups: Endpoint groups that lost or took over requests.
--   kind: The worst kind among its failovers: partial, complete or outage.
--   failovers: How many failovers it holds (one per proxy and service).
--   requests: Requests during its failovers.
--   failed: Those that were lost.
--   open_at_end: True where a failover is still open at the end of the log.
--   began_before_start: True where the log begins inside it.
CREATE TABLE incidents AS
SELECT
    incident_id,
    CASE WHEN NOT bool_or(began_before_start) THEN min(onset_earliest) END AS started_earliest,
    CASE WHEN NOT bool_or(began_before_start) THEN min(onset_latest) END AS started_latest,
    CASE WHEN NOT bool_or(open_at_end) THEN max(recovered_earliest) END AS ended_earliest,
    CASE WHEN NOT bool_or(open_at_end) THEN max(recovered_latest) END AS ended_latest,
    list_sort(list(DISTINCT service)) AS services,
    list_sort(list_distinct(
        list_concat(list("primary") FILTER ("primary" IS NOT NULL), list(secondary) FILTER (secondary IS NOT NULL))
    )) AS endpoint_groups,
    CASE WHEN bool_or(kind = 'outage') THEN 'outage' WHEN bool_or(kind = 'complete') THEN 'complete' ELSE 'partial' END
        AS kind,
    count(*)::INTEGER AS failovers,
    sum(requests)::BIGINT AS requests,
    sum(failed)::BIGINT AS failed,
    bool_or(open_at_end) AS open_at_end,
    bool_or(began_before_start) AS began_before_start
FROM failovers
GROUP BY incident_id
ORDER BY incident_id::INTEGER;
