"""`chaos manifests`: what it takes to run inside a cluster, for `kubectl apply -f -`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chaos.errors import UsageError

KINDS = ("namespace", "rbac", "cronjob", "networkpolicy", "all")


@dataclass(frozen=True, slots=True)
class ManifestRequest:
    """What the command line asks for; see `chaos manifests --help`."""

    kind: str
    namespace: str
    image: str
    service_account: str
    schedule: str
    opt_ins: tuple[str, ...]
    arguments: tuple[str, ...]
    experiments: tuple[str, ...] = ()


def print_manifests(request: ManifestRequest) -> None:
    """Print them as YAML.

    Raises:
        UsageError: an opt-in or a kind that does not exist, or a CronJob without an image.
    """
    import yaml  # noqa: PLC0415 - not for --help

    print(yaml.safe_dump_all(manifests(request), sort_keys=False, explicit_start=True), end="")


def manifests(request: ManifestRequest) -> list[dict[str, Any]]:
    """The objects, in the order in which they must be applied."""
    from chaos.cli.catalogue import known_experiment  # noqa: PLC0415
    from chaos.deploy.cronjob import cronjob, namespace  # noqa: PLC0415 - not for --help
    from chaos.deploy.network import network_policies  # noqa: PLC0415
    from chaos.deploy.rbac import rbac  # noqa: PLC0415
    from chaos.engine.permissions import OPT_IN, Feature, uses_of  # noqa: PLC0415

    if request.kind not in KINDS:
        raise UsageError(f"there are no manifests {request.kind!r}", hint=f"one of: {', '.join(KINDS)}")
    known = [feature.value for feature in OPT_IN]
    for name in request.opt_ins:
        if name not in known:
            raise UsageError(f"--with {name} does not exist", hint=f"one of: {', '.join(known)}")
    if request.kind in ("cronjob", "all") and not request.image:
        raise UsageError("a CronJob needs --image IMAGE", hint="kind/Dockerfile builds one from this checkout")
    found: list[dict[str, Any]] = []
    if request.kind in ("namespace", "all"):
        found += namespace(request.namespace)
    if request.kind in ("rbac", "all"):
        more = [row for name in request.experiments for row in uses_of(name, known_experiment(name).uses)]
        opt_ins = [Feature(name) for name in request.opt_ins]
        found += rbac(request.namespace, request.service_account, opt_ins, more)
    if request.kind in ("cronjob", "all"):
        found += cronjob(request.namespace, request.image, request.service_account, request.schedule, request.arguments)
    if request.kind == "networkpolicy":  # not of `all`: it isolates pods where nothing else does
        found += network_policies(request.namespace)
    return found
