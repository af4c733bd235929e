"""Opening a connection to a named cluster; never to whatever the kubeconfig happens to point at."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

from chaos.cluster.address import ClusterAddress
from chaos.cluster.client import Cluster
from chaos.cluster.failures import api_errors
from chaos.cluster.kubeconfig import read_kubeconfig
from chaos.errors import PreflightError, UsageError

_CONNECT_TIMEOUT_S = 10
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
        UsageError: no such context, or a kubeconfig that cannot be used.
        ApiError: the API server cannot be reached or refuses.
    """
    from kubernetes.aio.client.api_client import ApiClient  # noqa: PLC0415 - 0.4 s; not for --help
    from kubernetes.aio.client.configuration import Configuration  # noqa: PLC0415
    from kubernetes.aio.dynamic import DynamicClient  # noqa: PLC0415

    configuration = Configuration()
    # Reading proxy settings from the environment costs two thread hops a request (facts.md 4); a proxy that the
    # kubeconfig names is still used.
    session: dict[str, Any] = {"trust_env": False}
    if address.connector is not None:
        session["connector"] = address.connector
    configuration.client_session_kwargs = session
    if address.url:
        configuration.host = address.url
        if address.token:
            configuration.api_key["BearerToken"] = f"Bearer {address.token}"
    elif address.in_cluster:
        _load_in_cluster(configuration)
    else:
        await _load_kubeconfig(configuration, address)
    server = str(configuration.host)
    with api_errors(f"reading the certificates of {address.describe()}", server):
        client = ApiClient(configuration)
    client.user_agent = "chaos-identity"
    try:
        with api_errors(f"connecting to {address.describe()}", server):
            async with asyncio.timeout(_CONNECT_TIMEOUT_S):
                dynamic = await DynamicClient(client, cache_file=_NOWHERE)
                cluster = Cluster(client, dynamic, address.describe(), server)
                await cluster.identify(namespace)
                await cluster.discover()
    except BaseException:
        await client.close()
        raise
    return cluster


async def _load_kubeconfig(configuration: Any, address: ClusterAddress) -> None:
    from kubernetes.aio import config  # noqa: PLC0415

    found = read_kubeconfig(address.kubeconfig)
    only = found.only(address.context)
    try:
        async with asyncio.timeout(_LOGIN_TIMEOUT_S):  # a login program may wait for somebody who is not there
            await config.load_kube_config_from_dict(
                config_dict=only, context=address.context, client_configuration=configuration
            )
    except Exception as exc:
        problem = " ".join(str(exc).split())[:300] or type(exc).__name__
        raise PreflightError(
            f"context {address.context} of {found.describe()} cannot be used: {problem}",
            hint="log in again with the tool that made it; kubectl --context NAME version must work first",
        ) from exc


def _load_in_cluster(configuration: Any) -> None:
    from kubernetes.aio import config  # noqa: PLC0415

    try:
        config.load_incluster_config(client_configuration=configuration)
    except Exception as exc:
        raise UsageError(
            f"this process is in no pod with a service account: {exc}", hint="name a --context instead"
        ) from exc
