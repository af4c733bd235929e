"""Other libraries' errors, converted in one place."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from chaos.errors import ApiError, ChaosError

_HINTS = {
    401: "the credentials were not accepted: log in again, or name another --context or --kubeconfig",
    403: "ask for that permission, or name a --context that has it",
    409: "somebody else changed or made it; look at it, then run again",
    429: "the API server is overloaded; try again later",
}


@contextmanager
def api_errors(doing: str, server: str) -> Iterator[None]:
    """Turn whatever a request can raise into an `ApiError` that says what was being done, to which server.

    Args:
        doing: such as ``creating Namespace chaos-x``.
        server: the API server's address.
    """
    try:
        yield
    except ChaosError:
        raise
    except Exception as exc:
        converted = convert(exc, doing, server)
        if converted is None:
            raise
        raise converted from exc


def convert(exc: Exception, doing: str, server: str) -> ApiError | None:  # noqa: PLR0911 - one return per family
    """The error that an exception stands for; None where it is not about the API."""
    import aiohttp  # noqa: PLC0415 - costs 100 ms, and is loaded by then
    from kubernetes.aio.client.exceptions import ApiException  # noqa: PLC0415
    from kubernetes.aio.dynamic.exceptions import DynamicApiError, ResourceNotFoundError  # noqa: PLC0415

    if isinstance(exc, DynamicApiError | ApiException):
        status = int(exc.status or 0)
        body = status_object(getattr(exc, "body", None))
        message = body.get("message") or str(exc.reason or exc)
        return ApiError(
            f"{doing}: the API server answered {status} {body.get('reason') or exc.reason or ''}: {message}",
            status=status,
            reason=body.get("reason", ""),
            hint=_HINTS.get(status, ""),
        )
    if isinstance(exc, ResourceNotFoundError):
        return ApiError(f"{doing}: {server} does not know that kind: {exc}", status=404, reason="NotFound")
    if isinstance(exc, aiohttp.ClientConnectorCertificateError | ssl.SSLError):
        return ApiError(
            f"{doing}: the certificate of {server} is not trusted: {exc}",
            hint="check certificate-authority-data of this cluster in the kubeconfig",
        )
    if isinstance(exc, TimeoutError):  # before ClientError: aiohttp's timeouts are both
        return ApiError(
            f"{doing}: {server} did not answer in time", hint="check the network path to the API server, then run again"
        )
    if isinstance(exc, aiohttp.ClientConnectorError):
        return ApiError(
            f"{doing}: {server} cannot be reached: {exc.os_error.strerror or exc}",
            hint="is the cluster running, and can this machine reach it? try: kubectl --context NAME version",
        )
    if isinstance(exc, aiohttp.ClientResponseError | ValueError | KeyError | TypeError | AttributeError):
        return ApiError(
            f"{doing}: {server} answered what no Kubernetes API server answers ({type(exc).__name__}: {exc})"[:300],
            hint="check that the kubeconfig's `server` is an API server",
        )
    if isinstance(exc, aiohttp.ClientError | ConnectionError):
        return ApiError(f"{doing}: the connection to {server} broke: {exc or type(exc).__name__}", hint="run again")
    return None


def status_object(body: Any) -> dict[str, Any]:
    """The Status object of an error's body, empty where there is none."""
    if isinstance(body, bytes):
        body = body.decode("utf-8", "replace")
    try:
        parsed = json.loads(body) if isinstance(body, str) else body
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}
