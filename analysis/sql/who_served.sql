-- Who served the requests of a service in a window?
-- One row per endpoint that a proxy chose and pod that answered behind it, with what each of them got.
-- needs: requests
-- parameters:
--   service_name: Host of the service, as text; NULL stands for all.
--   since: Only requests from this time on; NULL leaves the window open.
--   until: Only requests before this time; NULL leaves the window open.
-- example: FROM who_served('frontend.mycompany.mesh', since := '2026-11-24T02:32:30Z', until := '2026-11-24T02:32:31Z')
-- columns:
--   service: Host of the service.
--   service_port: Port of the service.
--   endpoint_group: Endpoint group that the endpoint belongs to.
--   group_role: primary, secondary, none (no endpoint was chosen) or unknown.
--   endpoint: The upstream address as logged; NULL where none was chosen.
--   workload: Workload or pod name of the endpoint.
--   final_endpoint: Who answered in the end, where the endpoint is a gateway; NULL where unknown.
--   final_endpoint_basis: direct, exact, request_id, window, pending or none.
--   requests: Requests.
--   share: Their share of the requests of the service in the window, 0 to 1.
--   failed: Those that the caller lost through the upstream side.
--   first_seen: Start of the first (UTC).
--   last_seen: Start of the last (UTC).
CREATE MACRO who_served(service_name := NULL, since := NULL, until := NULL) AS TABLE
SELECT
    service, service_port, endpoint_group, group_role, endpoint, any_value(workload) AS workload,
    final_endpoint, final_endpoint_basis,
    count(*) AS requests,
    count(*) / sum(count(*)) OVER (PARTITION BY service, service_port) AS share,
    count(*) FILTER (failed) AS failed,
    min(start_time) AS first_seen,
    max(start_time) AS last_seen
FROM requests
WHERE (service_name IS NULL OR service = CAST(service_name AS VARCHAR))
  AND (since IS NULL OR start_time >= CAST(since AS TIMESTAMPTZ))
  AND (until IS NULL OR start_time < CAST(until AS TIMESTAMPTZ))
GROUP BY service, service_port, endpoint_group, group_role, endpoint, final_endpoint, final_endpoint_basis
ORDER BY service, service_port, requests DESC, endpoint, final_endpoint;
