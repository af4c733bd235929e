"""Mutated manifests: asked of a real API server and of the sandbox, which must give the same status and reason."""
