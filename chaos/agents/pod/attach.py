"""Copies bytes between an exec stream (stdin, stdout) and the pod's process."""

from __future__ import annotations

import os
import select
import socket
import sys
import time

from chaos.agents.pod.meeting import ADDRESS

# The pod's process needs a moment to start; the kubelet lets us in as soon as the container runs.
_APPEARS_WITHIN_S = 20.0
_LOOK_S = 0.05
_CHUNK_BYTES = 65536


def attach(_arguments: list[str]) -> None:
    """Copy until either side ends; there is nothing to choose."""
    connection = _connect()
    stdin, stdout = sys.stdin.fileno(), sys.stdout.fileno()
    while True:
        readable, _, _ = select.select([stdin, connection], [], [])
        if connection in readable:
            data = connection.recv(_CHUNK_BYTES)
            if not data:
                return
            _write(stdout, data)
        if stdin in readable:
            data = os.read(stdin, _CHUNK_BYTES)
            if not data:
                return
            connection.sendall(data)


def _connect() -> socket.socket:
    give_up = time.monotonic() + _APPEARS_WITHIN_S
    while True:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.connect(ADDRESS)
        except OSError as exc:
            connection.close()
            if time.monotonic() > give_up:
                sys.exit(f"the agent's process does not answer: {exc}")
            time.sleep(_LOOK_S)
        else:
            return connection


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
