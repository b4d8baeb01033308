-- What was read, and how much of it is a request that somebody made?
SELECT
    (SELECT count(*) FROM sources) AS sources,
    (SELECT coalesce(sum(entries_read), 0) FROM sources)::BIGINT AS entries_read,
    (SELECT coalesce(sum(access_log_rows), 0) FROM sources)::BIGINT AS access_log_rows,
    (SELECT coalesce(sum(rejected), 0) FROM sources)::BIGINT AS rejected,
    count(*) AS requests,
    count(*) FILTER (failed) AS failed,
    count(*) FILTER (endpoint_group IS NOT NULL) AS attributed,
    count(*) FILTER (endpoint_group IS NULL AND endpoint_kind <> 'none') AS unattributed,
    count(DISTINCT service) AS services,
    count(DISTINCT (cluster_id, gateway, proxy)) AS proxies,
    min(start_time) AS first_time,
    max(start_time) AS last_time
FROM requests
