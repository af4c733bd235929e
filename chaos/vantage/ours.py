"""Whether an address is one of this machine's."""

from __future__ import annotations

import socket


def is_ours(address: str) -> bool:
    """Whether a socket can be bound to it, which only one's own addresses allow; nothing is sent."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True
