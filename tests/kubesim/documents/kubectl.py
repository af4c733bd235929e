"""What the real kubectl reads, without a cluster."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

KUBECTL = Path(sys.executable).parent / "kubectl"
HEAD = "apiVersion: v1\nkind: Thing\nmetadata: {name: a}\n"


def kubectl(*files: Path) -> tuple[list[Any], str]:
    """(the objects of files, what it complains about): it labels them and writes them as JSON."""
    command = [str(KUBECTL), "label", "--local", "--output=json", "x=y", *(f"--filename={file}" for file in files)]
    done = subprocess.run(command, capture_output=True, check=False)
    decoder, text, found = json.JSONDecoder(), done.stdout.decode().strip(), []
    while text:
        value, end = decoder.raw_decode(text)
        del value["metadata"]["labels"]
        found.append(numbers(value))
        text = text[end:].lstrip()
    return found, done.stderr.decode()


def numbers(value: Any) -> Any:
    """A value with integers beyond 64 bits as Go holds them, and with types that comparing tells apart."""
    if isinstance(value, list):
        return [numbers(one) for one in value]
    if isinstance(value, dict):
        return {key: numbers(one) for key, one in value.items()}
    if isinstance(value, int) and not isinstance(value, bool) and not -(2**63) <= value < 2**63:
        value = float(value)
    return (type(value).__name__, value)
