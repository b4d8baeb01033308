SELECT primary_group, primary_basis FROM primaries
