"""Formats of names, labels and ports (apimachinery's util/validation), in the real server's words.

Each check returns the complaints about a value; none means that it is well formed.
"""

from __future__ import annotations

import ipaddress
import re

_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_SEARCH = r"_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*"
_QUALIFIED = r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_LABEL_VALUE = rf"({_QUALIFIED})?"
_CONFIG_KEY = r"[-._a-zA-Z0-9]+"
_LABEL_LENGTH = 63
_SUBDOMAIN_LENGTH = 253
_PORT_NAME_LENGTH = 15
_MAX_PORT = 65535

_LABEL_TEXT = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with "
    f"an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '{_LABEL}')"
)
_SUBDOMAIN_TEXT = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    f"end with an alphanumeric character (e.g. 'example.com', regex used for validation is '{_SUBDOMAIN}')"
)
_SEARCH_TEXT = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must "
    f"start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '{_SEARCH}')"
)
_QUALIFIED_TEXT = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
    f"character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '{_QUALIFIED}')"
)
_LABEL_VALUE_TEXT = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    f"'{_LABEL_VALUE}')"
)
_CONFIG_KEY_TEXT = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or "
    f"'key-name', regex used for validation is '{_CONFIG_KEY}')"
)


def _length(value: str, limit: int) -> list[str]:
    return [f"must be no more than {limit} bytes"] if len(value) > limit else []


def _check(value: str, pattern: str, limit: int, text: str) -> list[str]:
    return [*_length(value, limit), *([] if re.fullmatch(pattern, value) else [text])]


def label(value: str) -> list[str]:
    """A DNS-1123 label."""
    return _check(value, _LABEL, _LABEL_LENGTH, _LABEL_TEXT)


def name_without_dots(value: str) -> list[str]:
    """A DNS-1123 label as a name: a dot gets its own complaint."""
    return ["must not contain dots"] if re.fullmatch(_SUBDOMAIN, value) and "." in value else label(value)


def subdomain(value: str) -> list[str]:
    """A DNS-1123 subdomain."""
    return _check(value, _SUBDOMAIN, _SUBDOMAIN_LENGTH, _SUBDOMAIN_TEXT)


def search_path(value: str) -> list[str]:
    """A search path of a resolver: a subdomain that may have underscores, and a final dot."""
    return _check(value.removesuffix("."), _SEARCH, _SUBDOMAIN_LENGTH, _SEARCH_TEXT)


def qualified_name(value: str) -> list[str]:
    """A label's or annotation's key, such as ``example.com/name``."""
    prefix, slash, name = value.rpartition("/")
    if "/" in prefix:
        optional = "with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
        return [f"a valid label key {_QUALIFIED_TEXT} {optional}"]
    complaints: list[str] = []
    if slash and not prefix:
        complaints.append("prefix part must be non-empty")
    elif slash:
        complaints += [f"prefix part {text}" for text in subdomain(prefix)]
    if not name:
        complaints.append("name part must be non-empty")
    complaints += [f"name part {text}" for text in _length(name, _LABEL_LENGTH)]
    return complaints if re.fullmatch(_QUALIFIED, name) else [*complaints, f"name part {_QUALIFIED_TEXT}"]


def label_value(value: str) -> list[str]:
    """A label's value."""
    return _check(value, _LABEL_VALUE, _LABEL_LENGTH, _LABEL_VALUE_TEXT)


def config_key(value: str) -> list[str]:
    """A key of a ConfigMap."""
    complaints = _check(value, _CONFIG_KEY, _SUBDOMAIN_LENGTH, _CONFIG_KEY_TEXT)
    if value == ".":
        return [*complaints, "must not be '.'"]
    return [*complaints, "must not start with '..'"] if value.startswith("..") else complaints


def port_name(value: str) -> list[str]:
    """An IANA service name: what a port is called."""
    complaints = [f"must be no more than {_PORT_NAME_LENGTH} characters"] if len(value) > _PORT_NAME_LENGTH else []
    if not re.fullmatch(r"[-a-z0-9]+", value):
        complaints.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not re.search(r"[a-z]", value):
        complaints.append("must contain at least one letter (a-z)")
    if "--" in value:
        complaints.append("must not contain consecutive hyphens")
    if value.startswith("-") or value.endswith("-"):
        complaints.append("must not begin or end with a hyphen")
    return complaints


def port_number(value: int) -> list[str]:
    """A TCP or UDP port."""
    return [] if 1 <= value <= _MAX_PORT else [f"must be between 1 and {_MAX_PORT}, inclusive"]


_PERCENT_TEXT = (
    "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for "
    "validation is '[0-9]+%')"
)


def path_segment(value: str) -> list[str]:
    """What every name must be that stands in a URL."""
    if value in (".", ".."):
        return [f"may not be '{value}'"]
    return [f"may not contain '{sign}'" for sign in "/%" if sign in value]


def percentage(value: str) -> list[str]:
    """Such as ``25%``."""
    return [] if re.fullmatch(r"[0-9]+%", value) else [_PERCENT_TEXT]


def cidr(value: str) -> list[str]:
    """An address range."""
    try:
        ipaddress.ip_network(value, strict=False)
    except ValueError:
        value = ""
    return [] if "/" in value else ["must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"]


def ip_address(value: str) -> list[str]:
    """An IPv4 or IPv6 address."""
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return ["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"]
    return []


def environment_name(value: str) -> list[str]:
    """An environment variable's name."""
    if value and all(" " <= c <= "~" and c != "=" for c in value):
        return []
    return ["a valid environment variable name must consist only of printable ASCII characters other than '='"]
