"""One module per verb, each with one thin function; whatever is heavy is imported inside it."""
