-- Which endpoints are out of line with their peers?
-- Peers are the other endpoints of the same service, port, subset and group with twenty requests or more.
-- failures: it lost three times as many of its requests as its peers of theirs, and chance hardly does that: losses that
-- fell on endpoints by their share q of the requests alone would give it k of all m with a probability below
-- exp(-m * KL(k/m, q)) (Hoeffding's bound for the hypergeometric distribution); that must be one in a million for the
-- requests lost, and one in a thousand for the seconds in which some were lost, as losses come in bursts.
-- latency: its median is twice the median of its peers' medians, and 10 ms more, or its 95th percentile three times
-- theirs, and 50 ms more; each from a hundred answers (400 for the percentile), far beyond the error of a quantile.
-- internal
-- needs: endpoint_figures
-- columns:
--   service: Host of the service.
--   service_port: Port of the service.
--   subset: Subset; NULL if none.
--   endpoint: Address of the endpoint.
--   oddities: What is odd: failures, latency, or both.
--   explanation: The same with figures.
CREATE VIEW odd_endpoints AS
WITH compared AS (
    SELECT
        e.service, e.service_port, e.subset, e.endpoint,
        any_value(e.requests) AS requests, any_value(e.lost) AS lost, any_value(e.losing_seconds) AS losing_seconds,
        any_value(e.answered) AS answered, any_value(e.p50_ms) AS p50_ms, any_value(e.p95_ms) AS p95_ms,
        sum(p.requests) AS peer_requests, sum(p.lost) AS peer_lost, sum(p.losing_seconds) AS peer_losing_seconds,
        median(p.p50_ms) FILTER (p.answered >= 100) AS peer_p50_ms,
        median(p.p95_ms) FILTER (p.answered >= 400) AS peer_p95_ms
    FROM endpoint_figures AS e
    JOIN endpoint_figures AS p
        ON p.service = e.service AND p.service_port IS NOT DISTINCT FROM e.service_port
        AND p.subset IS NOT DISTINCT FROM e.subset AND p.endpoint_group IS NOT DISTINCT FROM e.endpoint_group
        AND p.endpoint <> e.endpoint AND p.requests >= 20
    WHERE e.requests >= 20
    GROUP BY e.service, e.service_port, e.subset, e.endpoint
), shares AS (
    SELECT
        *,
        requests / (requests + peer_requests) AS fair,
        lost + peer_lost AS all_lost, lost / nullif(lost + peer_lost, 0) AS part,
        losing_seconds + peer_losing_seconds AS all_seconds,
        losing_seconds / nullif(losing_seconds + peer_losing_seconds, 0) AS part_of_seconds
    FROM compared
), judged AS (
    SELECT
        *,
        coalesce(
            lost / requests >= 3 * peer_lost / peer_requests AND part > fair AND part_of_seconds > fair
            AND all_lost * (part * ln(part / fair)
                            + CASE WHEN part < 1 THEN (1 - part) * ln((1 - part) / (1 - fair)) ELSE 0 END) > ln(1e6)
            AND all_seconds * (part_of_seconds * ln(part_of_seconds / fair)
                               + CASE WHEN part_of_seconds < 1
                                      THEN (1 - part_of_seconds) * ln((1 - part_of_seconds) / (1 - fair)) ELSE 0 END) > ln(1e3),
            false
        ) AS fails_oddly,
        coalesce(answered >= 100 AND p50_ms >= 2 * peer_p50_ms AND p50_ms >= peer_p50_ms + 10, false) AS is_slow,
        coalesce(answered >= 400 AND p95_ms >= 3 * peer_p95_ms AND p95_ms >= peer_p95_ms + 50, false) AS is_slow_at_times
    FROM shares
)
SELECT
    service, service_port, subset, endpoint,
    concat_ws(', ', CASE WHEN fails_oddly THEN 'failures' END, CASE WHEN is_slow OR is_slow_at_times THEN 'latency' END)
        AS oddities,
    concat_ws(
        '; ',
        CASE WHEN fails_oddly THEN format('lost {:.1f}% of its requests, its peers {:.1f}% of theirs',
                                          100 * lost / requests, 100 * peer_lost / peer_requests) END,
        CASE WHEN is_slow THEN format('takes {:.0f} ms in the median, its peers {:.0f} ms', p50_ms, peer_p50_ms)
             WHEN is_slow_at_times THEN format('takes {:.0f} ms at the 95th percentile, its peers {:.0f} ms', p95_ms,
                                               peer_p95_ms) END
    ) AS explanation
FROM judged
WHERE fails_oddly OR is_slow OR is_slow_at_times;
