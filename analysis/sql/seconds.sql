-- How many requests of each proxy and service went where in each second, by start?
-- The coarse pass of the failover detector: everything is counted by the second first, and single requests are only
-- looked at around the seconds where something changes.
-- internal
-- needs: troubled
-- columns:
--   route: Number that stands for proxy and service.
--   second: The second in which the requests began (UTC).
--   primary_ok: Requests answered by the primary group (an answer is anything that is not failed).
--   primary_failed: Requests lost on the primary group.
--   primary_gone: Requests to the primary group whose client left first, those that waited for an endpoint in vain among them.
--   secondary_ok: Requests answered by another group.
--   secondary_failed: Requests lost on another group.
--   secondary_gone: Requests to another group whose client left first.
--   none_failed: Requests lost without an endpoint.
--   stalled: Requests to the primary, or to no endpoint yet, whose client left after waiting a second or more.
--   other: Requests that nothing attributes.
--   symptom_first_end: When the first of those that the primary lost, let wait or that found no endpoint ended (UTC); NULL without any.
--   symptom_last_end: When the last of them ended (UTC).
CREATE TABLE seconds AS
WITH judged AS (
    SELECT
        *,
        epoch_us(start_time) // 1000000 * 1000000 AS second_us,
        group_role <> 'secondary' AND (failed OR stalled) AS is_symptom
    FROM troubled
    WHERE NOT pinned
)
SELECT
    route,
    make_timestamptz(second_us) AS second,
    count(*) FILTER (group_role = 'primary' AND NOT failed AND outcome <> 'client_gone') AS primary_ok,
    count(*) FILTER (group_role = 'primary' AND failed) AS primary_failed,
    count(*) FILTER (
        (group_role = 'primary' AND outcome = 'client_gone') OR (group_role = 'none' AND stalled)
    ) AS primary_gone,
    count(*) FILTER (group_role = 'secondary' AND NOT failed AND outcome <> 'client_gone') AS secondary_ok,
    count(*) FILTER (group_role = 'secondary' AND failed) AS secondary_failed,
    count(*) FILTER (group_role = 'secondary' AND outcome = 'client_gone') AS secondary_gone,
    count(*) FILTER (group_role NOT IN ('primary', 'secondary') AND failed) AS none_failed,
    count(*) FILTER (group_role <> 'secondary' AND stalled) AS stalled,
    count(*) FILTER (
        group_role NOT IN ('primary', 'secondary') AND NOT failed AND outcome <> 'client_gone'
    ) AS other,
    min(end_time) FILTER (is_symptom) AS symptom_first_end,
    max(end_time) FILTER (is_symptom) AS symptom_last_end
FROM judged
GROUP BY route, second_us;
