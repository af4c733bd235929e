"""Images are known as people write them."""

from __future__ import annotations

import re

import pytest

from chaos.diagnose.images import LACKING
from kubesim.containers.reference import parse_reference
from kubesim.containers.signals import Signal
from kubesim.images import EXAMPLES, find_image, find_mirrored_image

_DIGEST = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("name", "sh"),
    [
        ("nginx", "dash"), ("nginx:1.29", "dash"), ("nginx:1.27.3-bookworm", "dash"), ("docker.io/nginx:alpine", "ash"),
        ("nginx:1.29-alpine", "ash"), ("nginx:stable-alpine3.21-slim", "ash"), (f"nginx:alpine@{_DIGEST}", "ash"),
        ("busybox", "ash"), ("docker.io/library/busybox:1.36", "ash"), ("index.docker.io/library/busybox:1.28", "ash"),
        ("busybox:1.36-musl", "ash"), ("redis", "dash"), ("redis:7.2-alpine", "ash"), ("redis:7", "dash"),
        ("mysql:8.4", "bash"), ("mysql:5.7", "bash"), ("python:3.12-slim", "dash"), ("python:3.12-alpine3.20", "ash"),
        ("python:3.12-slim-bookworm", "dash"), ("debian:bookworm-slim", "dash"), ("alpine:3.20", "ash"),
    ],
)  # fmt: skip
def test_a_name_says_which_shell_its_image_has(name: str, sh: str) -> None:
    image = find_image(name)
    assert image is not None
    assert image.sh == sh
    assert image.stop_signal is (Signal.QUIT if "nginx" in name else Signal.TERM)


@pytest.mark.parametrize("name", ["registry.k8s.io/nginx-slim:0.24", "k8s.gcr.io/nginx-slim:0.8"])
def test_the_web_server_of_the_kubernetes_tutorials_is_known(name: str) -> None:
    image = find_image(name)
    assert image is not None
    assert image.serves("nginx")


@pytest.mark.parametrize(
    "name",
    ["nginx:banana", "mystery", "registry.example.com/library/nginx:alpine", "library/nothing:1", "NGINX:alpine", "",
     f"nginx@{_DIGEST}", "mysql:8.0-debian", "nginx:", "quay.io/nginx", "nginx:alpine@sha256:short"],
)  # fmt: skip
def test_other_names_are_not_known(name: str) -> None:
    assert find_image(name) is None


def test_a_mirror_is_known_where_that_is_asked() -> None:
    assert find_mirrored_image("registry.example.com/library/nginx:alpine") is find_image("nginx:alpine")


@pytest.mark.parametrize(
    ("short", "full"),
    [("nginx", "docker.io/library/nginx:latest"), ("a/b:1", "docker.io/a/b:1"), ("localhost/a:1", "localhost/a:1"),
     ("localhost:5000/a", "localhost:5000/a:latest"), (f"nginx@{_DIGEST}", f"docker.io/library/nginx@{_DIGEST}"),
     ("index.docker.io/nginx:1", "docker.io/library/nginx:1")],
)  # fmt: skip
def test_names_are_completed_as_containerd_does(short: str, full: str) -> None:
    reference = parse_reference(short)
    assert reference is not None
    assert reference.full == full


def test_the_images_that_messages_name_are_known() -> None:
    assert all(find_image(name) for name in EXAMPLES)


def test_what_diagnosis_says_that_images_lack_they_lack_here_too() -> None:
    tags = ("alpine", "latest", "8.0", "3.12-slim", "3.12-alpine", "7", "1.36", "stable-slim")
    for repository, pattern, lacking in LACKING:
        for tag in tags:
            image = find_image(f"{repository}:{tag}")
            first = next((p for r, p, _ in LACKING if r == repository and re.fullmatch(p, tag)), None)
            if image is not None and first == pattern:
                assert [name for name in lacking if image.has(name)] == [], (repository, tag)
