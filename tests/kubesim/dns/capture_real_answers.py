"""Asks a real CoreDNS all questions and writes its answers' bytes to real_answers.json.

Run it where the address is reachable, after `kubectl apply -f cluster.yaml`::

    python -m tests.kubesim.dns.capture_real_answers COREDNS_POD_ADDRESS
"""

from __future__ import annotations

import json
import socket
import struct
import sys
import time
from pathlib import Path

from tests.kubesim.dns.questions import questions

_SILENCE_S = 0.5


def ask_udp(address: str, query: bytes) -> str | None:
    """The answer in hex; None where none comes."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as port:
        port.settimeout(_SILENCE_S)
        port.connect((address, 53))
        port.send(query)
        try:
            return port.recv(65535).hex()
        except TimeoutError:
            return None


def ask_tcp(address: str, query: bytes) -> str | None:
    """The answer in hex without its length; None where the connection ends or stays silent."""
    with socket.create_connection((address, 53), timeout=_SILENCE_S) as stream:
        stream.sendall(struct.pack("!H", len(query)) + query)
        data = b""
        try:
            while len(data) < 2 or len(data) < 2 + int.from_bytes(data[:2], "big"):
                chunk = stream.recv(65535)
                if not chunk:
                    return None
                data += chunk
        except TimeoutError:
            return None
        return data[2:].hex()


def main() -> None:
    """Ask and write; wait half a minute between runs, or PTR answers come from CoreDNS's cache with less TTL."""
    address = sys.argv[1]
    answers = {}
    for name, query in questions().items():
        time.sleep(0.002)
        answers[name] = {"udp": ask_udp(address, query), "tcp": ask_tcp(address, query)}
    target = Path(__file__).parent / "real_answers.json"
    target.write_text(json.dumps(answers, indent=1) + "\n")


if __name__ == "__main__":
    main()
