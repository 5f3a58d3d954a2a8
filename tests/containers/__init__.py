"""Image and compose as they are, on real Docker. Not part of `make test`: `make container-test`."""
