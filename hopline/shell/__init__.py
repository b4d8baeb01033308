"""`hopline shell`: statements one after the other, from a person or from a pipe."""
