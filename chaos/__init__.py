"""Measure what happens to the network identity of StatefulSet pods when things fail."""

__version__ = "0.1.0"
