-- Where did localityLbSetting.distribute take the fallback away?
-- With distribute there is no failover by locality: requests go to the localities in `to` by their weights, and those
-- that it does not name get nothing, whatever happens to the others.
-- internal
-- needs: finding_columns, mesh_config, caller_endpoints
-- columns:
--   finding_columns.*
CREATE VIEW check_distribute AS
WITH settings AS (
    SELECT
        m.kind, m.host, m.namespace, m.source, m.line,
        regexp_extract(m.setting, '^(.*localityLbSetting\.distribute\[[0-9]+\])', 1) AS entry,
        regexp_extract(m.setting, 'distribute\[[0-9]+\]\.(from)$', 1) = 'from' AS is_from,
        nullif(coalesce(nullif(regexp_extract(m.setting, '\.to\["(.*)"\]$', 1), ''),
                        regexp_extract(m.setting, '\.to\.([^.]+)$', 1)), '') AS locality,
        m.value
    FROM mesh_config AS m
    WHERE contains(m.setting, 'localityLbSetting.distribute[')
), entries AS (
    SELECT
        kind, host, namespace, source, entry,
        any_value(value) FILTER (is_from) AS from_locality,
        list(locality) FILTER (locality IS NOT NULL AND TRY_CAST(value AS INTEGER) > 0) AS localities,
        min(line) AS line
    FROM settings
    GROUP BY ALL
), left_out AS (
    SELECT
        e.service, e.service_port, d.from_locality, d.localities, d.source, d.line,
        list_sort(list(DISTINCT concat_ws('/', e.region, e.zone))) AS unserved
    FROM entries AS d
    JOIN caller_endpoints AS e
        ON d.kind NOT IN ('DestinationRule', 'VirtualDestination') OR d.host IS NULL OR d.host = e.service
        OR (starts_with(d.host, '*') AND ends_with(e.service, substr(d.host, 2)))
        OR (NOT contains(d.host, '.') AND starts_with(e.service, d.host || '.' || coalesce(d.namespace, '')))
    WHERE e.region IS NOT NULL AND len(d.localities) > 0
      AND NOT list_bool_or(list_transform(
          d.localities, lambda l: l = '*' OR starts_with(
              concat_ws('/', e.region, e.zone) || '/', rtrim(l, '*') || CASE WHEN ends_with(l, '*') THEN '' ELSE '/' END
          )
      ))
    GROUP BY ALL
)
SELECT
    'distribute' AS check_id, 'warning' AS severity, service, service_port,
    array_to_string(unserved, ', ') AS subject,
    format(
        'distribute sends what comes from {} to {} only: its endpoints in {} get nothing, even when all others fail',
        coalesce(from_locality, 'everywhere'), array_to_string(localities, ', '), array_to_string(unserved, ', ')
    ) AS message,
    'give every locality that should step in a weight of 1 at least, or use failover instead of distribute: the two '
    || 'exclude each other' AS remedy,
    NULL AS yaml,
    source, line
FROM left_out;
