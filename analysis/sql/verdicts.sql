-- Were the objectives met?
-- One row per objective that was asked for and incident (per service for --slo). A failover counts as over when
-- requests are served again, wherever: at full failover, after its last outage, or, of a partial one, with its last
-- error; and it must still be so at the end of the log. Time runs from the onset, or from --fault-at for the first
-- incident that is not over by then. An objective is met only if the whole interval is within the limit.
-- needs: failovers, failover_events, failover_phases, incidents, routed
-- columns:
--   objective: max_failover_seconds, max_failed or slo.
--   incident_id: The incident; NULL for slo, and where there was none.
--   service: The service, for slo.
--   limit_value: What was asked for: seconds, requests, or percent of requests.
--   measured_min: The least that fits the log.
--   measured_max: The most that fits the log; NULL where it is not over at the end.
--   verdict: met, missed or undecided (the limit lies within what the log leaves open).
--   note: The same in words.
CREATE TABLE verdicts AS
WITH last_phases AS (
    SELECT failover_id, arg_max(phase, seq) AS phase FROM failover_phases GROUP BY failover_id
), outages AS (
    SELECT failover_id, max(until_earliest) AS until_earliest, max(until_latest) AS until_latest
    FROM failover_events WHERE event = 'outage' GROUP BY failover_id
), restored AS (
    SELECT
        f.incident_id,
        f.began_before_start,
        f.onset_earliest,
        f.onset_latest,
        f.open_at_end AND p.phase IN ('failing', 'outage', 'relapse') AS is_down,
        CASE f.kind
            WHEN 'outage' THEN greatest(o.until_earliest, f.full_failover_earliest)
            WHEN 'complete' THEN f.full_failover_earliest
            ELSE coalesce(f.last_primary_error_earliest, f.onset_earliest)
        END AS at_earliest,
        CASE f.kind
            WHEN 'outage' THEN greatest(o.until_latest, f.full_failover_latest)
            WHEN 'complete' THEN f.full_failover_latest
            ELSE coalesce(f.last_primary_error_latest, f.onset_latest)
        END AS at_latest
    FROM failovers AS f
    LEFT JOIN last_phases AS p USING (failover_id)
    LEFT JOIN outages AS o USING (failover_id)
), faulted AS (
    SELECT min(incident_id::INTEGER)::VARCHAR AS incident_id
    FROM incidents
    WHERE getvariable('fault_at') IS NOT NULL AND coalesce(ended_latest >= getvariable('fault_at'), true)
), timed AS (
    SELECT
        r.incident_id,
        bool_or(r.is_down) AS is_down,
        bool_or(r.began_before_start AND f.incident_id IS NULL) AS has_no_start,
        min(CASE WHEN f.incident_id IS NULL THEN r.onset_earliest ELSE getvariable('fault_at') END) AS from_earliest,
        min(CASE WHEN f.incident_id IS NULL THEN r.onset_latest ELSE getvariable('fault_at') END) AS from_latest,
        max(r.at_earliest) AS at_earliest,
        max(r.at_latest) AS at_latest
    FROM restored AS r
    LEFT JOIN faulted AS f USING (incident_id)
    GROUP BY r.incident_id
), seconds_taken AS (
    SELECT
        incident_id,
        CASE WHEN from_latest IS NOT NULL THEN greatest(0, (epoch_us(at_earliest) - epoch_us(from_latest)) / 1e6) END AS measured_min,
        CASE WHEN NOT is_down AND from_earliest IS NOT NULL THEN greatest(0, (epoch_us(at_latest) - epoch_us(from_earliest)) / 1e6) END AS measured_max,
        is_down,
        has_no_start
    FROM timed
), measured AS (
    SELECT
        'max_failover_seconds' AS objective, incident_id, NULL::VARCHAR AS service,
        getvariable('max_failover_s') AS limit_value, measured_min, measured_max,
        CASE
            WHEN is_down THEN 'missed'
            WHEN has_no_start OR measured_max IS NULL THEN 'undecided'
            WHEN measured_max <= getvariable('max_failover_s') THEN 'met'
            WHEN measured_min > getvariable('max_failover_s') THEN 'missed'
            ELSE 'undecided'
        END AS verdict,
        CASE
            WHEN is_down THEN 'requests are still lost at the end of the log'
            WHEN has_no_start THEN 'the log begins inside the failover; --fault-at can say when it began'
            ELSE format('served again after {:.3f} to {:.3f} s', measured_min, measured_max)
        END AS note
    FROM seconds_taken
    UNION ALL
    SELECT
        'max_failed', incident_id, NULL, getvariable('max_failed')::DOUBLE, failed, failed,
        CASE WHEN failed <= getvariable('max_failed') THEN 'met' ELSE 'missed' END,
        format('{} of {} requests lost', failed, requests)
    FROM incidents
    UNION ALL
    SELECT
        'slo', NULL, service, getvariable('slo'), 100 * (1 - lost / requests), 100 * (1 - lost / requests),
        CASE WHEN 100 * (1 - lost / requests) >= getvariable('slo') THEN 'met' ELSE 'missed' END,
        format(
            '{} of {} requests lost, {:.1f}% of the error budget of this log', lost, requests,
            100 * lost / nullif(requests * (1 - getvariable('slo') / 100), 0)
        )
    FROM (SELECT service, count(*) AS requests, count(*) FILTER (failed) AS lost FROM routed GROUP BY service)
)
SELECT * FROM measured
WHERE limit_value IS NOT NULL
UNION ALL
SELECT objective, NULL, NULL, limit_value, 0, 0, 'met', 'no failover'
FROM (VALUES ('max_failover_seconds', getvariable('max_failover_s')), ('max_failed', getvariable('max_failed')::DOUBLE))
    AS asked (objective, limit_value)
WHERE limit_value IS NOT NULL AND NOT EXISTS (FROM incidents)
ORDER BY ALL;
