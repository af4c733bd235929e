"""Passwords and tokens reach the API server, no message, and nobody on the way without a warning."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

import kubesim
from chaos.cluster.address import ClusterAddress
from chaos.cluster.connection import connect
from chaos.cluster.login import heard_by, take_login, without_logins
from chaos.errors import ChaosError

PASSWORD = "pa%2Fss"


def configuration(host: str, token: str = "") -> SimpleNamespace:
    return SimpleNamespace(host=host, api_key={"BearerToken": f"Bearer {token}"} if token else {})


def test_user_and_password_of_a_url_are_sent_and_not_shown() -> None:
    found = configuration(f"https://me:{PASSWORD}@api.example:6443/x")
    assert take_login(found) == found.host == "https://api.example:6443/x"
    assert found.api_key["BearerToken"] == "Basic bWU6cGEvc3M="  # me:pa/ss


def test_a_token_counts_more_than_they_do() -> None:
    found = configuration("https://me:word@api.example", "t")
    take_login(found)
    assert found.api_key["BearerToken"] == "Bearer t"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("no https://a:b@h/x here", "no https://h/x here"),
        ("https://a:p/w@h:1 and http://c:d@e", "https://h:1 and http://e"),
        ("mail me@h", "mail me@h"),
        ("https://h/x", "https://h/x"),
    ],
)
def test_texts_lose_the_logins_of_urls_in_them(said: str, shown: str) -> None:
    assert without_logins(said) == shown


@pytest.mark.parametrize("host", ["http://127.0.0.1:1", "http://[::1]:1", "http://localhost", "https://h"])
def test_nobody_hears_what_stays_here_or_is_encrypted(host: str) -> None:
    assert heard_by(configuration(host, "t")) == ""


def test_what_goes_over_plain_http_to_another_machine_is_told() -> None:
    assert heard_by(configuration("http://10.0.0.1:8080")) == ""
    assert "goes to 10.0.0.1 over http://, unencrypted" in heard_by(configuration("http://10.0.0.1:8080", "secret"))
    assert "secret" not in heard_by(configuration("http://10.0.0.1:8080", "secret"))


def kubeconfig(folder: Path, server: str, user: dict[str, Any]) -> Path:
    path = folder / "kubeconfig"
    document = {
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "users": [{"name": "u", "user": user}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
    }
    path.write_text(yaml.safe_dump(document))
    return path


async def test_no_error_of_a_connection_repeats_them(tmp_path: Path) -> None:
    """A refused login, a server that is none, and a token that no header can carry."""
    async with kubesim.Cluster(seed=1, realtime=True, token="another") as sandbox:
        place = sandbox.url.partition("//")[2]
        for server, user in (
            (f"http://me:hidden@{place}", {}),
            ("http://me:hidden@127.0.0.1:9", {}),
            ("http://me:hid/hidden@127.0.0.1:9", {}),
            ("https://me:hidden@[::1", {}),
            (sandbox.url, {"token": "hidden"}),
            (sandbox.url, {"token": "hid\nhidden"}),
            (sandbox.url, {"client-certificate-data": "hidden!", "client-key-data": "hidden"}),
        ):
            address = ClusterAddress("x", kubeconfig(tmp_path, server, user))
            with pytest.raises(ChaosError) as caught:
                await connect(address)
            assert "hidden" not in str(caught.value)
            assert "Basic" not in str(caught.value)


async def test_what_a_login_program_was_given_is_told_by_nobody(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It fails and says what it was given; the library would print that, and go on without a login."""
    program = tmp_path / "login"
    program.write_text('#!/bin/sh\necho "expired: $TOKEN $1" >&2\nexit 1\n')
    program.chmod(0o755)
    about = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": str(program),
        "args": ["--password=hiddenarg"],
        "env": [{"name": "TOKEN", "value": "hiddenenv"}],
    }
    path = kubeconfig(tmp_path, "https://127.0.0.1:9", {"exec": about})
    with pytest.raises(ChaosError, match=r"expired: \*\*\* --password=\*\*\*"):
        await connect(ClusterAddress("x", path))
    assert "hidden" not in "".join(capsys.readouterr())
