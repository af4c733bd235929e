"""Patterns of which tags are made: versions, Debian's releases, Alpine."""

from __future__ import annotations

VERSION = r"\d+(\.\d+)*"
RELEASES = "bookworm|bullseye|trixie"  # of Debian, as tags name them
ALPINE = r"(?:.+-)?alpine(?:\d+(?:\.\d+)*)?"
