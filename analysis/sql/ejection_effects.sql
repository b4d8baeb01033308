-- What did routing make of each ejection, and how did the endpoint fare when it was tried again?
-- An ejection that was logged leads real routing by up to the cluster's update_merge_window (one second); requests that
-- still reach the endpoint are stragglers. When its time is over the endpoint is tried again with live requests: if it
-- still fails it is ejected again, for one base time more with each round.
-- Inferred ejections are times without requests, so that they have no stragglers. Ejections that were only detected are left out.
-- needs: ejections, routes, routed
-- columns:
--   basis: logged or inferred.
--   cluster_id: Kubernetes cluster of the proxy that decided.
--   gateway: Workload of that proxy.
--   proxy: Replica.
--   service: Host of the service.
--   service_port: Port of the service.
--   endpoint: Address of the endpoint.
--   type: What tripped.
--   ejected_at: When it was ejected (UTC).
--   unejected_at: When it was taken back; NULL where nothing says.
--   round: Number of this ejection among those of the endpoint at this proxy, from 1.
--   ejected_s: Seconds that it lasted.
--   grew_s: Seconds that it lasted longer than the round before: about one base ejection time where it failed again.
--   last_routed_at: Start of the last request that still went there, while it was ejected (UTC); NULL if none did.
--   stragglers: Requests that went there while it was ejected.
--   stragglers_failed: Those of them that were lost.
--   first_routed_at: Start of the first request after it was taken back (UTC).
--   next_ejected_at: When it was ejected again (UTC); NULL if it was not.
--   tried: Requests that it got between its return and its next ejection, or in ten seconds if there is none.
--   tried_failed: Those of them that were lost: what the probe cost.
CREATE TABLE ejection_effects AS
WITH numbered AS (
    SELECT
        row_number() OVER () AS id, e.*,
        row_number() OVER rounds AS round,
        epoch_ms(unejected_at) / 1e3 - epoch_ms(ejected_at) / 1e3 AS ejected_s,
        lead(ejected_at) OVER rounds AS next_ejected_at
    FROM ejections AS e
    WHERE enforced IS DISTINCT FROM false
    WINDOW rounds AS (PARTITION BY cluster_id, gateway, proxy, service, service_port, endpoint ORDER BY ejected_at)
), timed AS (
    SELECT
        *,
        least(next_ejected_at, coalesce(unejected_at, ejected_at) + CASE WHEN next_ejected_at IS NULL
            THEN INTERVAL 10 SECOND ELSE next_ejected_at - ejected_at END) AS tried_until
    FROM numbered
), hours AS (
    -- By the hour, so that not every ejection goes through all requests after it: those after the next are another's.
    SELECT *, unnest(range(
        epoch_us(ejected_at) // 3600000000,
        epoch_us(coalesce(next_ejected_at, (SELECT max(start_time) FROM routed), ejected_at)) // 3600000000 + 1
    )) AS hour
    FROM timed
), counted AS (
    SELECT
        t.id,
        max(r.start_time) FILTER (out) AS last_routed_at,
        count(*) FILTER (out) AS stragglers,
        count(*) FILTER (out AND r.failed) AS stragglers_failed,
        min(r.start_time) FILTER (back) AS first_routed_at,
        count(*) FILTER (back AND r.start_time < t.tried_until) AS tried,
        count(*) FILTER (back AND r.start_time < t.tried_until AND r.failed) AS tried_failed
    FROM hours AS t
    JOIN routes AS k
        ON k.service = t.service AND k.service_port IS NOT DISTINCT FROM t.service_port
        AND (t.cluster_id IS NULL OR t.cluster_id = k.cluster_id)
        AND (t.gateway IS NULL OR t.gateway = k.gateway)
        AND (t.proxy IS NULL OR t.proxy = k.proxy)
    JOIN routed AS r
        ON r.route = k.route AND r.endpoint = t.endpoint AND epoch_us(r.start_time) // 3600000000 = t.hour
        AND r.start_time >= t.ejected_at,
    LATERAL (
        SELECT
            r.start_time < coalesce(t.unejected_at, t.next_ejected_at, r.start_time + INTERVAL 1 SECOND) AS out,
            coalesce(r.start_time >= t.unejected_at, false) AND coalesce(r.start_time < t.next_ejected_at, true) AS back
    )
    WHERE r.group_role <> 'none'
    GROUP BY t.id
)
SELECT
    t.basis, t.cluster_id, t.gateway, t.proxy, t.service, t.service_port, t.endpoint, t.type, t.ejected_at,
    t.unejected_at, t.round, t.ejected_s,
    t.ejected_s - lag(t.ejected_s) OVER (
        PARTITION BY t.cluster_id, t.gateway, t.proxy, t.service, t.service_port, t.endpoint ORDER BY t.ejected_at
    ) AS grew_s,
    c.last_routed_at, coalesce(c.stragglers, 0) AS stragglers, coalesce(c.stragglers_failed, 0) AS stragglers_failed,
    c.first_routed_at, t.next_ejected_at, coalesce(c.tried, 0) AS tried, coalesce(c.tried_failed, 0) AS tried_failed
FROM timed AS t
LEFT JOIN counted AS c USING (id)
ORDER BY t.ejected_at, t.proxy, t.endpoint;
