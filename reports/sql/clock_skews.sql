-- How far apart are the clocks of two proxies, by what both logged?
-- The widest apart first, then those of which most joins disagree, then those that are known best.
SELECT
    cluster_id, gateway, proxy, callee_cluster_id, callee_gateway, callee_proxy, basis,
    offset_min_ms, offset_max_ms, joins, conflicts,
    count(*) OVER () AS pairs
FROM clock_skews
ORDER BY
    greatest(offset_min_ms, -offset_max_ms, 0) DESC, conflicts DESC, joins DESC, cluster_id, gateway, proxy,
    callee_cluster_id, callee_gateway, callee_proxy, basis
LIMIT $most
