SELECT basis, proxy, service, service_port, endpoint, ejected_at, unejected_at, type, enforced, source, line FROM ejections
