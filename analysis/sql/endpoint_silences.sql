-- When did an endpoint get no requests, although its share of the traffic says it should have?
-- A silence counts when it lasted two seconds or more and so many requests were to be expected in it that one chance in
-- twenty thousand is left for it to happen anywhere in the log. It looks like an ejection when the endpoint lost a request in the two seconds
-- before, or when others of its group were served meanwhile; when all of a group go at once without a loss, endpoints
-- were removed.
-- internal
-- needs: endpoint_seconds
-- columns:
--   route: Number that stands for proxy and service.
--   endpoint: Address of the endpoint.
--   silent_from: First second without a request (UTC).
--   silent_until: First second with a request again; NULL where none came.
--   expected: Requests that were to be expected in it.
--   looks_ejected: True where it looks like an ejection.
--   last_hop_id: The last request before it.
CREATE TABLE endpoint_silences AS
WITH totals AS (
    SELECT route, second, sum(requests) AS requests FROM endpoint_seconds GROUP BY ALL
), running AS (
    SELECT
        route, second, sum(requests) OVER so_far AS so_far, sum(requests) OVER (PARTITION BY route) AS total,
        max(second) OVER (PARTITION BY route) AS last_second
    FROM totals
    WINDOW so_far AS (PARTITION BY route ORDER BY second)
), steps AS (
    SELECT
        e.*, r.so_far, r.total, r.last_second,
        lead(e.second) OVER life AS next_second,
        -- What the route did up to the next request of this endpoint, without the second that holds it.
        lead(r.so_far - e.requests) OVER life AS so_far_next,
        sum(e.failed) OVER lately AS failed_lately
    FROM endpoint_seconds AS e
    JOIN running AS r USING (route, second)
    WINDOW
        life AS (PARTITION BY e.route, e.endpoint ORDER BY e.second),
        lately AS (PARTITION BY e.route, e.endpoint ORDER BY e.second RANGE INTERVAL 2 SECOND PRECEDING)
), shares AS (
    -- Over its whole life, silences included: rather too small than too large.
    SELECT route, endpoint, sum(requests) AS requests, sum(requests) / (max(so_far) - min(so_far - requests)) AS share
    FROM steps
    GROUP BY ALL
), silences AS (
    SELECT
        s.route, s.endpoint, s.endpoint_group, s.second + INTERVAL 1 SECOND AS silent_from, s.next_second AS silent_until,
        h.share * (coalesce(s.so_far_next, s.total) - s.so_far) AS expected,
        s.failed_lately, s.last_hop_id, h.requests AS of_requests, coalesce(s.next_second, s.last_second + INTERVAL 1 SECOND) AS until
    FROM steps AS s
    JOIN shares AS h USING (route, endpoint)
    WHERE coalesce(s.next_second, s.last_second + INTERVAL 1 SECOND) - s.second > INTERVAL 3 SECOND
), counted AS (
    -- The more requests, the more gaps between them there are to look at.
    SELECT * FROM silences WHERE expected >= 10 + ln(of_requests)
)
SELECT
    c.route, c.endpoint, c.silent_from, c.silent_until, c.expected,
    c.failed_lately > 0 OR EXISTS (
        SELECT 1 FROM endpoint_seconds AS p
        WHERE p.route = c.route AND p.endpoint_group = c.endpoint_group AND p.endpoint <> c.endpoint
          AND p.requests > p.failed AND p.second >= c.silent_from AND p.second < c.until
    ) AS looks_ejected,
    c.last_hop_id
FROM counted AS c;
