SELECT endpoint, ejected_at, unejected_at, type, line FROM ejections
