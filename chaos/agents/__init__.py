"""Probe pods inside the cluster: what they run, and how a run brings them up and talks with them."""
