"""The kubeconfig by which other programs find a simulated API server."""

from __future__ import annotations

import json
from os import PathLike
from pathlib import Path

from kubesim.store import Object

_NAME = "sandbox"  # of its context, cluster and user


def kubeconfig(url: str, token: str) -> Object:
    """With one context, and the token where it is not empty."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": _NAME, "cluster": {"server": url}}],
        "users": [{"name": _NAME, "user": {"token": token} if token else {}}],
        "contexts": [{"name": _NAME, "context": {"cluster": _NAME, "user": _NAME}}],
        "current-context": _NAME,
    }


def write_private(path: str | PathLike[str], config: Object) -> Path:
    """Write it to a file that only its owner may read.

    Raises:
        OSError: it cannot be written.
    """
    file = Path(path)
    file.touch(mode=0o600)
    file.chmod(0o600)  # it may have been there
    file.write_text(json.dumps(config, indent=2), encoding="utf-8")
    return file
