-- At which addresses do the gateways listen whose logs we hold?
-- internal
-- needs: entry_kinds
-- columns:
--   address: ip:port on which the gateway accepted connections.
--   cluster_id: Kubernetes cluster of the gateway; NULL where two clusters use the address.
--   gateway: Workload of the gateway; NULL where two share the address.
CREATE TABLE gateway_addresses AS
SELECT
    downstream_local_address AS address,
    CASE WHEN count(DISTINCT cluster_id) = 1 THEN any_value(cluster_id) END AS cluster_id,
    CASE WHEN count(DISTINCT gateway) = 1 THEN any_value(gateway) END AS gateway
FROM entry_kinds
WHERE role = 'east_west' AND downstream_local_address IS NOT NULL
GROUP BY address;
