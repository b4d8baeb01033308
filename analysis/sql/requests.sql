-- Which endpoint, in which cluster, served each request that entered our logs?
-- One row per request: entries that another held entry called (hop_links) are left out, and so are the connections of
-- an east-west gateway to a service whose callers' logs we hold, as each of them carries requests counted there.
-- needs: hops, called, callers_held
-- columns:
--   hops.*
CREATE VIEW requests AS
SELECT h.*
FROM hops AS h
ANTI JOIN called AS l ON l.callee_id = h.hop_id
ANTI JOIN callers_held AS c
    ON h.role = 'east_west' AND c.service = h.service AND c.service_port IS NOT DISTINCT FROM h.service_port
WHERE getvariable('service') IS NULL OR h.service = getvariable('service');
