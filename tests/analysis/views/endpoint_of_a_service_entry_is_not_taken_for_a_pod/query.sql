SELECT endpoint, endpoint_kind, network, endpoint_group, endpoint_basis FROM hops
