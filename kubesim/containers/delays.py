"""How long simulated programs take to start and to end."""

from __future__ import annotations

from kubesim.model import Delay
from kubesim.mysql.delays import MYSQL_DELAYS

CONTAINER_DELAYS = (
    Delay("nginx_start", 0.003, 0.015, "assumption: fork, read the configuration, bind"),
    Delay("nginx_exit", 0.001, 0.005, "assumption: the master's signal reaches its workers"),
    Delay("coredns_start", 0.050, 0.250, "assumption: the kubernetes plugin's caches sync before it serves"),
    *MYSQL_DELAYS,
)
