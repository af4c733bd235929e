"""The letters of the suffixes and hashes that Kubernetes makes up."""

from __future__ import annotations

# k8s.io/apimachinery/pkg/util/rand: no vowels, and no 0, 1, 3, so that no words come out.
ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
