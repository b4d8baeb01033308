-- Which columns does every check give its findings in?
-- An empty view: the checks refer to it, so that their columns are described once.
-- internal
-- needs:
-- columns:
--   check_id: Name of the check, as `checks` lists it.
--   severity: error (failover cannot work, or requests are lost), warning (it may not work as meant) or info (good to know).
--   service: Host of the service; NULL where it is about no single one.
--   service_port: Port of the service.
--   subject: What it is about: an endpoint, a locality, a gateway.
--   message: What was found.
--   remedy: What usually helps.
--   yaml: What to apply, where it is a setting; NULL where it is none.
--   source: File that shows it; NULL where it is the absence of something.
--   line: Line in that file.
CREATE VIEW finding_columns AS
SELECT
    NULL::VARCHAR AS check_id, NULL::VARCHAR AS severity, NULL::VARCHAR AS service, NULL::INTEGER AS service_port,
    NULL::VARCHAR AS subject, NULL::VARCHAR AS message, NULL::VARCHAR AS remedy, NULL::VARCHAR AS yaml,
    NULL::VARCHAR AS source, NULL::BIGINT AS line
WHERE false;
