"""mysql: a server in the real wire protocol with a small part of SQL and replication by statement, and its client.

What it does not know it refuses with a MySQL error; it never answers by guessing.
"""

from __future__ import annotations

from kubesim.containers.catalog import Family
from kubesim.containers.image import Image
from kubesim.containers.tags import VERSION
from kubesim.late import late
from kubesim.model import Delay
from kubesim.programs import COMMON
from kubesim.programs.getent import getent
from kubesim.shell.sh import sh

_ENTRYPOINT = "docker-entrypoint.sh"
# Single runs of MariaDB 10.11 in the lab's mysql:8.0 image on two noisy cores; MySQL 8.0 itself is slower to initialize
# a data directory.
_DELAYS = (
    Delay("mysql_initialize", 1.6, 2.6, "lab: mariadb-install-db on an empty data directory, 2.2-3.2 s with the start"),
    Delay("mysql_start", 0.4, 0.8, "lab: 0.4 s from mariadbd's first line to ready, and the entrypoint before it"),
    Delay("mysql_query", 0.0001, 0.0005, "lab: 0.27-0.31 ms for SELECT @@hostname, with the way there and back"),
    Delay("mysql_login", 0.0003, 0.001, "lab: 1.0-1.4 ms for a whole connection with its handshake"),
    Delay("mysql_commit", 0.003, 0.025, "lab: an INSERT took 3-26 ms, nearly all of it fsync"),
    Delay("mysql_stop_listening", 0.01, 0.06, "lab: refused, and connections ended, within 0.1 s of the DELETE"),
    Delay("mysql_exit", 0.2, 0.6, "lab: the container had ended 0.7 s later"),
    Delay("mysql_apply", 0.001, 0.015, "lab: a replica had a row 1.5-17 ms after its INSERT had returned"),
)

FAMILIES = (
    Family(
        rf"latest|lts|innovation|oracle|(?:lts-|innovation-|{VERSION}-)?oracle(?:linux\d+)?|{VERSION}",
        "mysql:8.0",
        Image(
            "mysql",
            (_ENTRYPOINT,),
            ("mysqld",),
            # The client's libraries take 0.2 s to import, the server's (sqlglot) half a second.
            programs={**COMMON, "bash": sh, "getent": getent, "mysql": late("kubesim.images.mysql.command_line:mysql")},
            servers={"mysqld": late("kubesim.images.mysql.start:start")},
            wrapper=_ENTRYPOINT,
            sh="bash",
            delays=_DELAYS,
        ),
    ),
)
