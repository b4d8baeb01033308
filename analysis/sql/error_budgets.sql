-- How much of each service's error budget did each failover use?
-- The budget is the part of the requests of the whole log that the objective (--slo, in percent) allows to be lost. A row
-- without failover holds what was lost outside of failovers. Without --slo there is no budget, and no row.
-- needs: failovers, routed
-- columns:
--   service: The service.
--   failover_id: The failover; NULL for what was lost at other times.
--   slo: The objective, in percent of the requests.
--   requests: Requests of the service in the whole log.
--   budget: Requests that may be lost.
--   failed: Requests that were lost.
--   budget_share: Share of the budget that this used; above 1 it is more than all of it.
CREATE TABLE error_budgets AS
WITH totals AS (
    SELECT service, count(*) AS requests, count(*) FILTER (failed) AS failed FROM routed GROUP BY service
), parts AS (
    SELECT service, failover_id, failed FROM failovers
    UNION ALL
    SELECT t.service, NULL, t.failed - coalesce(sum(f.failed), 0)
    FROM totals AS t
    LEFT JOIN failovers AS f USING (service)
    GROUP BY t.service, t.failed
)
SELECT
    p.service, p.failover_id, getvariable('slo') AS slo, t.requests,
    t.requests * (100 - getvariable('slo')) / 100 AS budget,
    p.failed::BIGINT AS failed,
    p.failed / nullif(t.requests * (100 - getvariable('slo')) / 100, 0) AS budget_share
FROM parts AS p
JOIN totals AS t USING (service)
WHERE getvariable('slo') IS NOT NULL
ORDER BY p.service, p.failover_id NULLS LAST;
