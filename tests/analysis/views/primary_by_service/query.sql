SELECT service, primary_group, primary_basis FROM primaries ORDER BY service
