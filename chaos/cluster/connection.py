"""Opening a connection to a named cluster; never to whatever the kubeconfig happens to point at."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from kubernetes.aio import config
from kubernetes.aio.client.api_client import ApiClient
from kubernetes.aio.client.configuration import Configuration
from kubernetes.aio.dynamic import DynamicClient

from chaos.cluster.address import ClusterAddress
from chaos.cluster.client import Cluster
from chaos.cluster.failures import api_errors
from chaos.cluster.kubeconfig import Kubeconfig, read_kubeconfig
from chaos.cluster.login import heard_by, take_login, without_logins
from chaos.cluster.login_program import complaints
from chaos.cluster.proxy import choose_proxy
from chaos.cluster.retrying import Retrying, worth_another
from chaos.cluster.transport import Transport
from chaos.errors import ApiError, PreflightError, UsageError

_CONNECT_TIMEOUT_S = 10
_NOBODY_THERE_S = 0.5
_LOGIN_TIMEOUT_S = 30

# The dynamic client keeps discovery in a file named after the host, which a reused port makes stale, and writes it anew
# for each kind that it looks up: a tenth of a small run's time. It goes without one that cannot be opened.
_NOWHERE = str(Path(os.devnull) / "discovery.json")


async def connect(address: ClusterAddress, namespace: str = "") -> Cluster:
    """Connect and discover; makes the first API calls.

    Args:
        address: of the API server.
        namespace: of the run, by which the cluster is told from others where kube-system may not be read.

    Raises:
        UsageError: no such context, or a kubeconfig or a proxy that cannot be used.
        ApiError: the API server, or the proxy to it, cannot be reached or refuses.
    """
    configuration = Configuration()
    # The library would look for a proxy in the environment before each request, at the cost of two thread hops
    # (facts.md 4), and by other rules than kubectl's. It is chosen once.
    session: dict[str, Any] = {"trust_env": False}
    if address.connector is not None:
        session["connector"] = address.connector
    proxy = None
    if address.url:
        configuration.host = address.url
        if address.token:
            configuration.api_key["BearerToken"] = f"Bearer {address.token}"
    elif address.in_cluster:
        _load_in_cluster(configuration)
        proxy = choose_proxy(str(configuration.host), os.environ)
    else:
        found = read_kubeconfig(address.kubeconfig)
        proxy = choose_proxy(found.server(address.context), os.environ, *found.proxy_url(address.context))
        await _load_kubeconfig(configuration, address.context, found)
    server = take_login(configuration)
    if proxy is not None:
        session["proxy"] = proxy.url
    configuration.client_session_kwargs = session
    configuration.proxy = None  # the session has it, for exec streams and logs as well
    with api_errors(f"reading the certificates of {address.describe()}", server):
        client = ApiClient(configuration)
    client.user_agent = "chaos-identity"
    # Waits between retries are random on a real cluster; on the sandbox they must follow from its seed.
    retrying = Retrying(None if address.connector is None else 0)

    async def once() -> DynamicClient:
        with api_errors(f"connecting to {address.describe()}", server, proxy):
            async with asyncio.timeout(_CONNECT_TIMEOUT_S):
                return await DynamicClient(client, cache_file=_NOWHERE)

    try:
        dynamic = await _answered(once, retrying)
        cluster = Cluster(Transport(client, dynamic, server, proxy), address.describe(), retrying)
        cluster.heard_by = "" if address.url else heard_by(configuration)  # the sandbox's is in memory
        await cluster.identify(namespace)
        await cluster.discover()
    except BaseException:
        await client.close()
        raise
    return cluster


async def _answered(once: Callable[[], Awaitable[DynamicClient]], retrying: Retrying) -> DynamicClient:
    """Connect; where nothing listens at the address, give up sooner than where a server fails."""
    tries = retrying.tries(_CONNECT_TIMEOUT_S)
    try:
        return await once()
    except ApiError as exc:
        if not worth_another(exc) or not tries.left_s:
            raise
        budget_s = _NOBODY_THERE_S if exc.unsent else tries.left_s
    return await retrying.read(once, budget_s)


async def _load_kubeconfig(configuration: Any, context: str, found: Kubeconfig) -> None:
    only = found.only(context)
    try:
        with complaints(only) as complained:
            async with asyncio.timeout(_LOGIN_TIMEOUT_S):  # a login program may wait for somebody who is not there
                await config.load_kube_config_from_dict(
                    config_dict=only, context=context, client_configuration=configuration
                )
        if complained:
            raise ValueError(complained[0])  # noqa: TRY301 - as any other reason why it cannot be used
    except Exception as exc:
        problem = without_logins(" ".join(str(exc).split()))[:300] or type(exc).__name__
        raise PreflightError(
            f"context {context} of {found.describe()} cannot be used: {problem}",
            hint="log in again with the tool that made it; kubectl --context NAME version must work first",
        ) from exc


def _load_in_cluster(configuration: Any) -> None:
    try:
        config.load_incluster_config(client_configuration=configuration)
    except Exception as exc:
        raise UsageError(
            f"this process is in no pod with a service account: {exc}", hint="name a --context instead"
        ) from exc
