"""How long a simulated Redis server takes to start and to end."""

from __future__ import annotations

from kubesim.model import Delay

REDIS_DELAYS = (
    Delay("redis_start", 0.002, 0.030, "Redis 7.0.15 as tried: from exec to 'Ready to accept connections', empty"),
    Delay("redis_exit", 0.001, 0.105, "Redis 7.0: serverCron looks for a SIGTERM every 100 ms (hz 10), then saves"),
)
