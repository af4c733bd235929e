"""One check of a probe: what it does, and what it found (pkg/probe of v1.34)."""

from __future__ import annotations

import asyncio

from kubesim.containers.execution import CommandStartError, NotRunningError
from kubesim.containers.input import Input
from kubesim.kubelet.container import Container
from kubesim.kubelet.http_get import Found, dial_error, http_get, port_number
from kubesim.kubelet.local_pod import LocalPod
from kubesim.store import Object

_MOST_OUTPUT = 10 * 1024  # maxReadLength of pkg/probe/exec
_RPC = "rpc error: code = Unknown desc = failed to exec in container"
# The API server fills these in; objects that are made inside the simulated cluster may lack them.
_TIMEOUT_S = 1


async def check(pod: LocalPod, container: Container, probe: Object) -> Found:
    """Make one check."""
    within_s = float(probe.get("timeoutSeconds") or _TIMEOUT_S)
    if "exec" in probe:
        return await _execute(container, tuple(probe["exec"].get("command") or ()), within_s)
    if "httpGet" in probe:
        return await http_get(pod, container, probe["httpGet"], within_s)
    if "tcpSocket" in probe:
        return await _connect(pod, container, probe["tcpSocket"], within_s)
    return await _grpc(pod, probe["grpc"], within_s)


async def _execute(container: Container, argv: tuple[str, ...], within_s: float) -> Found:
    """Run a command: what cannot be started, or not be waited for to its end, is no answer of the container's."""
    out: list[str] = []
    err: list[str] = []
    try:
        async with asyncio.timeout(within_s):
            code = await container.execute(argv, Input(), out.append, err.append)
    except TimeoutError:
        return Found(False, f'command timed out: "{" ".join(argv)}" timed out after {within_s:g}s')
    except CommandStartError as exc:
        return Found(None, f"{_RPC}: failed to start exec: OCI runtime exec failed: exec failed: {exc}")
    except NotRunningError:
        return Found(None, f"{_RPC}: failed to load task: no running task found")
    return Found(not code, "".join([*out, *err])[:_MOST_OUTPUT])


async def _connect(pod: LocalPod, container: Container, spec: Object, within_s: float) -> Found:
    port, host = port_number(spec["port"], container.spec), spec.get("host") or pod.ip
    if port is None:
        return Found(None, f'strconv.Atoi: parsing "{spec["port"]}": invalid syntax')
    try:
        async with asyncio.timeout(within_s):
            transport = await pod.node.link.connect(asyncio.Protocol, host, port)
    except (OSError, TimeoutError) as exc:
        return Found(False, f"dial tcp {host}:{port}: {dial_error(exc)}")
    transport.close()
    return Found(True, "")


async def _grpc(pod: LocalPod, spec: Object, within_s: float) -> Found:
    """Nothing in the simulated cluster speaks HTTP/2, and the kubelet's client waits for a connection that does.

    It tries again until its time is over, whether the port is closed or what listens there speaks another protocol
    (grpc.WithBlock in pkg/probe/grpc), so both look the same.
    """
    await asyncio.sleep(within_s)
    where = f'"{pod.ip}:{spec["port"]}"'
    return Found(False, f"timeout: failed to connect service {where} within {within_s:g}s: context deadline exceeded")
