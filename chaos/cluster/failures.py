"""Other libraries' errors, converted in one place."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

import aiohttp
from kubernetes.aio.client.exceptions import ApiException
from kubernetes.aio.dynamic.exceptions import DynamicApiError, ResourceNotFoundError

from chaos.cluster.login import without_logins
from chaos.cluster.proxy import Proxy
from chaos.errors import ApiError, ChaosError
from chaos.model.private import NOT_OURS

_HINTS = {
    401: "the credentials were not accepted: log in again, or name another --context or --kubeconfig",
    403: "ask for that permission, or name a --context that has it",
    409: "somebody else changed or made it; look at it, then run again",
    429: "the API server is overloaded; try again later",
}


# What a proxy answers by itself to a request for an http:// URL; the API server's own have a Status object as body.
_OF_A_PROXY = frozenset({403, 407, 502, 503, 504})


@contextmanager
def api_errors(doing: str, server: str, proxy: Proxy | None = None) -> Iterator[None]:
    """Turn whatever a request can raise into an `ApiError` that says what was being done, to which server.

    Args:
        doing: such as ``creating Namespace chaos-x``.
        server: the API server's address.
        proxy: that the request goes through.
    """
    try:
        yield
    except ChaosError:
        raise
    except Exception as exc:
        converted = (_of_proxy(exc, doing, server, proxy) if proxy else None) or _convert(exc, doing, server, proxy)
        if converted is None:
            raise
        # A server's words stay on their line: they are nobody's hint, and no line of this tool's.
        converted.message = " ".join(without_logins(converted.message).splitlines())
        converted.args = (converted.message,)
        raise converted from exc


def proxy_refusal(doing: str, server: str, proxy: Proxy, status: int, said: str) -> ApiError:
    """What a proxy answered instead of passing a request on.

    It has no status: what decides by an API server's answer, such as that there is no such object, must not see it.
    """
    answer = f"{status} {said or _phrase(status)}".rstrip()
    if status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
        wants = "does not accept its user and password" if proxy.has_credentials else "asks for a user and a password"
        hint = f"{proxy.source}: http://USER:PASSWORD@{proxy.place}, special characters as %XX"
        return ApiError(f"{doing}: {proxy} {wants} ({answer})", hint=hint)
    if status in (HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT):
        hint = "is the cluster running, and is this the proxy that leads to it?"
        return ApiError(f"{doing}: {proxy} cannot reach {server}: it answered {answer}", hint=hint, lost=True)
    hint = f"ask whoever runs it to allow {server}, or {_without(proxy)}"
    return ApiError(f"{doing}: {proxy} does not let us to {server}: it answered {answer}", hint=hint)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _without(proxy: Proxy) -> str:
    if proxy.source.upper().endswith("_PROXY"):
        return f"unset {proxy.source}, or name the server in NO_PROXY, where it can be reached without"
    return "take `proxy-url` out of the kubeconfig, where it can be reached without"


def _of_proxy(exc: Exception, doing: str, server: str, proxy: Proxy) -> ApiError | None:
    """The error where a proxy is what failed; None where it passed the request on."""
    if isinstance(exc, aiohttp.ClientHttpProxyError):  # it refused to CONNECT
        return proxy_refusal(doing, server, proxy, exc.status, exc.message)
    if isinstance(exc, DynamicApiError | ApiException):
        ours = server.startswith("http://") and not status_object(getattr(exc, "body", None))
        if int(exc.status or 0) in _OF_A_PROXY and (ours or exc.status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED):
            return proxy_refusal(doing, server, proxy, int(exc.status), str(exc.reason or ""))
        return None
    is_the_proxy = isinstance(exc, aiohttp.ClientProxyConnectionError) or (
        isinstance(exc, aiohttp.ClientConnectorError | aiohttp.ClientConnectorCertificateError)
        and (exc.host, exc.port) == proxy.named_host
    )
    if not is_the_proxy:
        return None
    if isinstance(exc, aiohttp.ClientConnectorCertificateError | aiohttp.ClientSSLError):
        hint = "an https:// proxy needs a certificate from this cluster's certificate-authority, as for kubectl"
        return ApiError(f"{doing}: the certificate of {proxy} is not trusted: {exc}", hint=hint)
    why = (exc.os_error.strerror if isinstance(exc, aiohttp.ClientConnectorError) else "") or str(exc)
    hint = f"is it running? else {_without(proxy)}"
    return ApiError(f"{doing}: {proxy} cannot be reached: {why}", hint=hint, unsent=True)


def _convert(exc: Exception, doing: str, server: str, proxy: Proxy | None) -> ApiError | None:  # noqa: PLR0911 - one return per family
    """The error that an exception stands for; None where it is not about the API."""
    by_way = f" through {proxy}" if proxy else ""
    if isinstance(exc, DynamicApiError | ApiException):
        status = int(exc.status or 0)
        body = status_object(getattr(exc, "body", None))
        if status == HTTPStatus.NOT_FOUND and body.get("kind") != "Status":  # else what is there would count as gone
            return ApiError(
                f"{doing}: what answered 404 for {server} is no Kubernetes API server",
                hint="check that the kubeconfig's `server` is one, and what stands before it",
                lost=True,  # a gateway says so while it does not know its way
            )
        message = body.get("message") or str(exc.reason or exc)
        return ApiError(
            f"{doing}: the API server answered {status} {body.get('reason') or exc.reason or ''}: {message}",
            status=status,
            reason=body.get("reason", ""),
            hint=_HINTS.get(status, ""),
            causes=causes(body),
            retry_after_s=retry_after_s(getattr(exc, "headers", None), body),
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
            f"{doing}: {server} did not answer in time{by_way}",
            hint="check the network path to the API server, then run again",
            lost=True,
        )
    if isinstance(exc, aiohttp.ClientConnectorError):
        return ApiError(
            f"{doing}: {server} cannot be reached: {exc.os_error.strerror or exc}",
            hint="is the cluster running, and can this machine reach it? try: kubectl --context NAME version",
            unsent=True,
        )
    if isinstance(exc, (aiohttp.ClientResponseError, *NOT_OURS)):
        return ApiError(
            f"{doing}: {server} answered what no Kubernetes API server answers ({type(exc).__name__}: {exc})"[:300],
            hint="check that the kubeconfig's `server` is an API server",
            lost=isinstance(exc, json.JSONDecodeError),  # cut short
        )
    if isinstance(exc, aiohttp.ClientError | ConnectionError):
        return ApiError(
            f"{doing}: the connection to {server}{by_way} broke: {exc or type(exc).__name__}",
            hint="run again",
            lost=True,
        )
    return None


def causes(status: dict[str, Any]) -> list[str]:
    """The reasons of a Status object's causes."""
    details = status.get("details")
    rows = details.get("causes") if isinstance(details, dict) else None
    return [str(row.get("reason", "")) for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def retry_after_s(headers: Any, status: dict[str, Any]) -> float:
    """Seconds that a server asks to wait, by its header (a number or a date) or its Status; 0 where it does not."""
    details = status.get("details")
    by_status = details.get("retryAfterSeconds") if isinstance(details, dict) else 0
    said = (headers or {}).get("Retry-After") or by_status or 0
    try:
        return max(0.0, float(said))
    except (TypeError, ValueError, OverflowError):
        pass
    try:
        return max(0.0, parsedate_to_datetime(str(said)).timestamp() - time.time())
    except (ValueError, OverflowError):
        return 0.0


def status_object(body: Any) -> dict[str, Any]:
    """The Status object of an error's body, empty where there is none."""
    if isinstance(body, bytes):
        body = body.decode("utf-8", "replace")
    try:
        parsed = json.loads(body) if isinstance(body, str) else body
    except (ValueError, RecursionError):
        return {}
    return parsed if isinstance(parsed, dict) else {}
