-- What was read, and how much of it is a request that somebody made?
SELECT
    (SELECT count(*) FROM sources) AS sources,
    (SELECT coalesce(sum(entries_read), 0) FROM sources)::BIGINT AS entries_read,
    (SELECT coalesce(sum(access_log_rows), 0) FROM sources)::BIGINT AS access_log_rows,
    (SELECT coalesce(sum(rejected), 0) FROM sources)::BIGINT AS rejected,
    coalesce(sum(requests), 0)::BIGINT AS requests,
    coalesce(sum(requests) FILTER (failed), 0)::BIGINT AS failed,
    coalesce(sum(requests) FILTER (endpoint_group IS NOT NULL), 0)::BIGINT AS attributed,
    coalesce(sum(requests) FILTER (endpoint_group IS NULL AND endpoint_kind <> 'none'), 0)::BIGINT AS unattributed,
    count(DISTINCT service) AS services,
    count(DISTINCT (cluster_id, gateway, proxy)) AS proxies,
    min(first_time) AS first_time,
    max(last_time) AS last_time
FROM counted_kinds
