-- Which service is meant by an authority that is always routed to the same one?
-- Envoy before 1.18 logged no cluster on lines with UH, and lines with NR have none: the authority of other lines
-- tells what was asked for, where they agree. Only authorities that such lines ask for stand here.
-- internal
-- needs: access_log, cluster_names, entry_kinds
-- columns:
--   authority: The :authority that clients asked for.
--   service: Host of the one service that it was routed to.
--   service_port: Port of that service.
CREATE TABLE authority_services AS
SELECT a.authority, any_value(c.service) AS service, any_value(c.service_port) AS service_port
FROM access_log AS a
JOIN cluster_names AS c USING (upstream_cluster)
SEMI JOIN entry_kinds AS k ON k.asked_authority = a.authority
WHERE c.service IS NOT NULL AND nullif(a.authority, '') IS NOT NULL
GROUP BY a.authority
HAVING count(DISTINCT (c.service, c.service_port)) = 1;
