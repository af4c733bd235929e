"""What probes and lifecycle hooks must not say (pkg/apis/core/validation: validateProbe, validateHandler)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kubesim.fields import names
from kubesim.fields.causes import Cause, forbidden_field, invalid_value, not_supported, required
from kubesim.objects import Object

_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc", "sleep")
_NUMBERS = ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold")
_HEADER = re.compile(r"[-A-Za-z0-9]+")
_HEADER_TEXT = (
    "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for "
    "validation is '[-A-Za-z0-9]+')"
)


def probe(found: Object, at: str, *, once: bool) -> Iterator[Cause]:
    """A probe; `once`: one success is all that it may ask for."""
    yield from handler(found, at, None)
    for field in _NUMBERS:
        if found.get(field, 0) < 0:
            yield invalid_value(f"{at}.{field}", found[field], "must be greater than or equal to 0")
    if once and found["successThreshold"] != 1:
        yield invalid_value(f"{at}.successThreshold", found["successThreshold"], "must be 1")


def handler(found: Object, at: str, grace_s: int | None) -> Iterator[Cause]:
    """What a probe or hook does; `grace_s` is the pod's, for hooks."""
    handlers = [h for h in _HANDLERS if h in found]
    yield from (forbidden_field(f"{at}.{h}", "may not specify more than 1 handler type") for h in handlers[1:])
    if not handlers:
        yield required(at, "must specify a handler type")
        return
    first = handlers[0]
    details, here = found[first], f"{at}.{first}"
    if first == "exec" and not details.get("command"):
        yield required(f"{here}.command")
    if first in ("httpGet", "tcpSocket"):
        yield from _port(details.get("port", 0), f"{here}.port")
    if first == "httpGet":
        yield from _http(details, here)
    if first == "grpc":
        number = details.get("port", 0)
        yield from (invalid_value(f"{here}.port", number, text) for text in names.port_number(number))
    if first == "sleep" and grace_s is not None and not 0 <= details.get("seconds", 0) <= grace_s:
        text = f"must be non-negative and less than terminationGracePeriodSeconds ({grace_s})"
        yield invalid_value(here, details.get("seconds", 0), text)


def _port(port: int | str, at: str) -> Iterator[Cause]:
    complaints = names.port_number(port) if isinstance(port, int) else names.port_name(port)
    yield from (invalid_value(at, port, text) for text in complaints)


def _http(details: Object, at: str) -> Iterator[Cause]:
    if details["scheme"] not in ("HTTP", "HTTPS"):
        yield not_supported(f"{at}.scheme", details["scheme"], ("HTTP", "HTTPS"))
    for header in details.get("httpHeaders", ()):
        name = header.get("name", "")
        if not _HEADER.fullmatch(name):
            yield invalid_value(f"{at}.httpHeaders", name, _HEADER_TEXT)
