-- Which requests did each failover lose: in which phase, with which flags, on which paths, and would a retry have helped?
SELECT
    failover_id, seq, phase, flags, outcome, endpoint_group,
    sum(failed)::BIGINT AS failed,
    sum(saved_by_retry)::BIGINT AS saved_by_retry,
    count(*) AS paths,
    list({'method': method, 'path': path, 'failed': failed} ORDER BY failed DESC, path, method)[:3] AS most
FROM failover_losses
GROUP BY failover_id, seq, phase, flags, outcome, endpoint_group
QUALIFY row_number() OVER (ORDER BY sum(failed) DESC, failover_id, seq, flags, outcome, endpoint_group) <= $most
ORDER BY failover_id, seq, failed DESC, flags, outcome, endpoint_group
