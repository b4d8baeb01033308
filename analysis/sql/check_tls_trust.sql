-- Which endpoints could not be trusted?
-- Errors of certificates, which no retry mends; a connection reset during the handshake is not among them.
-- internal
-- needs: finding_columns, slim_log, attributed_kinds
-- columns:
--   finding_columns.*
CREATE VIEW check_tls_trust AS
WITH patterns (kind, pattern, meaning, remedy) AS (
    VALUES
        ('trust', 'CERTIFICATE_VERIFY_FAILED|UNKNOWN_CA|unknown ca|SELF_SIGNED|self.signed',
         'the certificate is of a root that the caller does not trust',
         'give all clusters intermediate certificates of one root (the secret cacerts in istio-system of each), and '
         || 'restart the workloads that still hold old ones; istioctl proxy-config secret shows what a proxy holds'),
        ('expired', 'CERTIFICATE_EXPIRED|certificate expired|certificate has expired',
         'the certificate has expired',
         'renew it (istiod does when it can be reached and the clocks agree), and look at the clocks of the nodes'),
        ('identity', '\bSANs?\b|Subject Alternative Name',
         'the certificate is not of the identity that the caller expects',
         'let the ServiceAccount, the trust domain and subjectAltNames of the DestinationRule agree; '
         || 'trustDomainAliases for clusters of another trust domain'),
        ('secret', 'Secret is not supplied by SDS',
         'the caller has no certificate yet',
         'look whether the proxy reaches istiod, and for events about its ServiceAccount'),
        ('mode', 'WRONG_VERSION_NUMBER|HTTP_REQUEST',
         'one side speaks TLS and the other does not',
         'let the DestinationRule''s tls mode and the PeerAuthentication of the other side agree')
), failures AS (
    SELECT
        h.service, h.service_port, h.upstream_host AS endpoint, h.endpoint_group, h.cluster_id, p.kind, p.meaning, p.remedy,
        count(*) AS requests, arg_min({'source': h.source, 'line': l.hop_id & 1099511627775}, (l.start_time, l.hop_id)) AS place,
        any_value(coalesce(h.upstream_transport_failure_reason, h.response_code_details)) AS reason
    FROM slim_log AS l
    JOIN attributed_kinds AS h USING (kind)
    JOIN patterns AS p
        ON regexp_matches(concat_ws(' ', h.upstream_transport_failure_reason, h.response_code_details), p.pattern)
    WHERE contains(concat_ws(' ', h.upstream_transport_failure_reason, h.response_code_details), 'TLS')
    GROUP BY ALL
)
SELECT
    'tls_trust' AS check_id, 'error' AS severity, service, service_port, endpoint AS subject,
    format('{} of TLS to {}{}: {} ({})', CASE WHEN requests = 1 THEN '1 failure' ELSE format('{} failures', requests) END,
           coalesce(endpoint, 'its endpoints'),
           CASE WHEN endpoint_group IS NULL THEN '' ELSE format(' ({})', endpoint_group) END, meaning, reason) AS message,
    remedy, NULL AS yaml, place.source AS source, place.line AS line
FROM failures;
