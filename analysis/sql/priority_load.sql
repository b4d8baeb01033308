-- What percentage of the requests does Envoy send to each priority, when some endpoints are unhealthy?
-- priority_load(healthy, total) takes two lists, one number per priority from 0 on: how many endpoints are healthy, and
-- how many there are. A priority takes 1.4 times its healthy share (Envoy's overprovisioning factor 140), at most all;
-- what it does not take goes to the next. Where all together take less than 100, each gets its part of that: so
-- nothing is lost while any endpoint is healthy, and with none healthy nobody gets anything.
-- Panic routing is not in it: Istio turns that off where outlier detection is set.
-- needs:
-- parameters:
--   healthy: How many endpoints are healthy, a list with one number per priority.
--   total: How many endpoints there are, a list with one number per priority.
-- example: FROM priority_load([2, 3], [3, 3])
-- columns:
--   priority: Number of the priority: 0 is asked first.
--   healthy: Healthy endpoints in it.
--   total: Endpoints in it.
--   health_percent: What it can take of all requests: min(100, 140 * healthy / total), truncated as Envoy does.
--   load_percent: What it gets of all requests; rounded as in Envoy's documentation (Envoy's code truncates, and gives what is left over to the first priority: a percent of difference per priority at most).
CREATE MACRO priority_load(healthy, total) AS TABLE
WITH levels AS (
    SELECT
        unnest(range(len(total))) AS priority,
        unnest(healthy::BIGINT[]) AS healthy,
        unnest(total::BIGINT[]) AS total
), able AS (
    SELECT *, CASE WHEN levels.total > 0 THEN least(100, 140 * levels.healthy // levels.total) ELSE 0 END::INTEGER AS health_percent
    FROM levels
), shares AS (
    SELECT
        *,
        coalesce(
            round(health_percent * 100.0 / nullif(least(100, sum(health_percent) OVER ()), 0)), 0
        )::INTEGER AS wanted
    FROM able
)
SELECT
    priority::INTEGER AS priority, shares.healthy, shares.total, health_percent,
    greatest(0, least(wanted, 100 - coalesce(sum(wanted) OVER earlier, 0)))::INTEGER AS load_percent
FROM shares
WINDOW earlier AS (ORDER BY priority ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
ORDER BY priority;
