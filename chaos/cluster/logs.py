"""What a container has printed."""

from __future__ import annotations

import asyncio
from urllib.parse import quote, urlencode

from chaos.cluster.client import Cluster
from chaos.cluster.failures import retry_after_s, status_object
from chaos.errors import ApiError

_WITHIN_S = 30.0


async def read_log(cluster: Cluster, namespace: str, pod: str, *, container: str = "", previous: bool = False) -> str:
    """Read it whole.

    Args:
        cluster: that the pod is in.
        namespace: of the pod.
        pod: its name.
        container: its name; empty: the pod's only one.
        previous: of the container's run before this one.

    Raises:
        ApiError: there is none, or it may not be read.
    """
    doing = f"reading the log of pod {pod} in namespace {namespace}"
    query = {**({"container": container} if container else {}), **({"previous": "true"} if previous else {})}
    path = f"/api/v1/namespaces/{quote(namespace)}/pods/{quote(pod)}/log"
    url = cluster.server.rstrip("/") + path + (f"?{urlencode(query)}" if query else "")

    async def once() -> str:
        with cluster.errors(doing):
            session, arguments = await cluster.raw_session()
            cluster.count("get", "", "pods/log")
            async with asyncio.timeout(_WITHIN_S), session.get(url, **arguments) as response:
                body: bytes = await response.read()
        text = body.decode("utf-8", "replace")
        if response.status == 200:  # noqa: PLR2004 - OK
            return text
        status = status_object(text)
        raise ApiError(
            f"{doing}: {status.get('message', text[:200])}",
            status=int(response.status),
            reason=str(status.get("reason", "")),
            hint="ask for the verb get on the resource pods/log" if response.status == 403 else "",  # noqa: PLR2004
            retry_after_s=retry_after_s(response.headers, status),
        )

    return await cluster.retrying.read(once)
