-- Which declared endpoints never served, although others like them did?
-- Like them: of the same priority, for the same callers. With twenty requests each on average and no reason, chance
-- leaves one out in one log of a billion. Endpoints of a later priority wait for their turn.
-- internal
-- needs: finding_columns, caller_endpoints
-- columns:
--   finding_columns.*
CREATE VIEW check_silent_endpoints AS
WITH peers AS (
    SELECT cluster_id, service, service_port, priority, avg(requests) AS requests, count(*) AS endpoints
    FROM caller_endpoints
    WHERE requests > 0 AND declared
    GROUP BY ALL
)
SELECT
    'silent_endpoints' AS check_id,
    CASE WHEN e.was_available THEN 'warning' ELSE 'info' END AS severity,
    e.service, e.service_port, e.endpoint AS subject,
    format('{} is declared{}, but got no request; {} of the same priority got {} on average', e.endpoint,
           CASE WHEN e.was_available IS NULL THEN '' WHEN e.was_available THEN ' and healthy'
                ELSE ', though unhealthy or ejected in every snapshot' END,
           CASE WHEN p.endpoints = 1 THEN 'the only other one' ELSE format('{} others', p.endpoints) END,
           round(p.requests)::BIGINT) AS message,
    'look whether the pod is ready and its port right, whether it stayed ejected, and whether all proxies'' logs are held'
        AS remedy,
    NULL AS yaml, e.source, e.line
FROM caller_endpoints AS e
JOIN peers AS p
    ON p.cluster_id IS NOT DISTINCT FROM e.cluster_id AND p.service = e.service
    AND p.service_port IS NOT DISTINCT FROM e.service_port AND p.priority IS NOT DISTINCT FROM e.priority
WHERE e.declared AND e.requests = 0 AND p.requests >= 20;
