"""A Kubernetes object, as the API server sends it and as a manifest says it."""

from __future__ import annotations

from typing import Any

Object = dict[str, Any]
