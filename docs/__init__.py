"""The documentation. `docs.generate` makes docs/reference/ and docs/openapi.json from the code."""
