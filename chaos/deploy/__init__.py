"""Manifests for running this tool inside a cluster, made for the user's namespace and image."""
