"""Where the pod's process and an exec stream meet: a Unix socket in the abstract namespace.

It needs no file (the root file system is read-only), no port is opened, and it can be reached from inside the pod's
network namespace only.
"""

from __future__ import annotations

import socket
import struct

ADDRESS = "\0chaos-identity-agent"
_CREDENTIALS = struct.Struct("3i")  # struct ucred: pid, uid, gid


def peer_uid(connection: socket.socket) -> int:
    """The user that the other side runs as."""
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    return int(_CREDENTIALS.unpack(raw)[1])
