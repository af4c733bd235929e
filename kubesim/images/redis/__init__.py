"""redis: a standalone Redis 7.0 server in real RESP, and redis-cli. It refuses what it does not model, and says so."""

from __future__ import annotations

from kubesim.containers.catalog import Family
from kubesim.containers.image import Image
from kubesim.containers.tags import ALPINE as ALPINE_TAGS
from kubesim.containers.tags import RELEASES, VERSION
from kubesim.images.redis.command_line import redis_cli
from kubesim.late import late
from kubesim.model import Delay
from kubesim.programs import ALPINE, DEBIAN

_ENTRYPOINT = "docker-entrypoint.sh"
_SERVERS = {"redis-server": late("kubesim.images.redis.start:start")}
_DELAYS = (
    Delay("redis_start", 0.002, 0.030, "Redis 7.0.15 as tried: from exec to 'Ready to accept connections', empty"),
    Delay("redis_exit", 0.001, 0.105, "Redis 7.0: serverCron looks for a SIGTERM every 100 ms (hz 10), then saves"),
)

FAMILIES = (
    Family(
        ALPINE_TAGS,
        "redis:7-alpine",
        Image(
            "redis",
            (_ENTRYPOINT,),
            ("redis-server",),
            programs={**ALPINE, "redis-cli": redis_cli},
            servers=_SERVERS,
            wrapper=_ENTRYPOINT,
            sh="ash",
            libc="musl",
            delays=_DELAYS,
        ),
    ),
    Family(
        rf"latest|{RELEASES}|{VERSION}(?:-(?:{RELEASES}))?",
        "redis:7",
        Image(
            "redis",
            (_ENTRYPOINT,),
            ("redis-server",),
            programs={**DEBIAN, "redis-cli": redis_cli},
            servers=_SERVERS,
            wrapper=_ENTRYPOINT,
            delays=_DELAYS,
        ),
    ),
)
