"""How long a simulated MySQL server takes.

Sources are single runs of MariaDB 10.11 in the lab's mysql:8.0 image on two noisy cores; MySQL 8.0 itself is slower to
initialize a data directory.
"""

from __future__ import annotations

from kubesim.model import Delay

MYSQL_DELAYS = (
    Delay("mysql_initialize", 1.6, 2.6, "lab: mariadb-install-db on an empty data directory, 2.2-3.2 s with the start"),
    Delay("mysql_start", 0.4, 0.8, "lab: 0.4 s from mariadbd's first line to ready, and the entrypoint before it"),
    Delay("mysql_query", 0.0001, 0.0005, "lab: 0.27-0.31 ms for SELECT @@hostname, with the way there and back"),
    Delay("mysql_login", 0.0003, 0.001, "lab: 1.0-1.4 ms for a whole connection with its handshake"),
    Delay("mysql_commit", 0.003, 0.025, "lab: an INSERT took 3-26 ms, nearly all of it fsync"),
    Delay("mysql_stop_listening", 0.01, 0.06, "lab: refused, and connections ended, within 0.1 s of the DELETE"),
    Delay("mysql_exit", 0.2, 0.6, "lab: the container had ended 0.7 s later"),
    Delay("mysql_apply", 0.001, 0.015, "lab: a replica had a row 1.5-17 ms after its INSERT had returned"),
)
