"""What a connection says of who we are, and who may hear it."""

from __future__ import annotations

import re
from base64 import b64encode
from ipaddress import ip_address
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

# In a URL, up to the last @ of the word: a password that is not escaped may hold a slash.
_LOGIN = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)\S*@")


def without_logins(text: str) -> str:
    """Text without users and passwords of the URLs in it."""
    return _LOGIN.sub(r"\1", text) if "@" in text else text


def take_login(configuration: Any) -> str:
    """Move user and password of the server's URL to where they stand in no message; returns the URL without them.

    They are sent as kubectl sends them: where there is no token.
    """
    try:
        parts = urlsplit(str(configuration.host))
        login, _, place = parts.netloc.rpartition("@")
    except ValueError:
        return without_logins(str(configuration.host))
    if not login:
        return str(configuration.host)
    configuration.host = urlunsplit(parts._replace(netloc=place))
    if "BearerToken" not in configuration.api_key:
        user, _, password = login.partition(":")
        encoded = b64encode(f"{unquote(user)}:{unquote(password)}".encode()).decode()
        configuration.api_key["BearerToken"] = f"Basic {encoded}"
    return str(configuration.host)


def heard_by(configuration: Any) -> str:
    """Why others may read what logs us in, as a sentence; empty where they may not."""
    parts = urlsplit(str(configuration.host))
    if parts.scheme != "http" or not configuration.api_key.get("BearerToken") or is_here(parts.hostname or ""):
        return ""
    return (
        f"what logs us in (a token or a password) goes to {parts.hostname} over http://, unencrypted: whoever is on "
        "the way can read it, and act with it"
    )


def is_here(host: str) -> bool:
    """Whether it is this machine itself."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
