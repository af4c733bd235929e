"""A fault and an experiment to begin with: `chaos new` copies them, CONTRIBUTING.md shows them, tests run them."""
