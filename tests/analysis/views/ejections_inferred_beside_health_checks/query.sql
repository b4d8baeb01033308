SELECT basis, proxy, endpoint, ejected_at, unejected_at, type, enforced, source, line FROM ejections
