"""`chaos manifests`: what it takes to run inside a cluster, for `kubectl apply -f -`."""

from __future__ import annotations

from typing import Any

import yaml

from chaos.cli.catalogue import known_experiment
from chaos.cli.commands.manifests import ManifestOptions
from chaos.cli.complete import MANIFEST_KINDS
from chaos.deploy.cronjob import cronjob, namespace
from chaos.deploy.network import network_policies
from chaos.deploy.rbac import rbac
from chaos.engine.permissions import OPT_IN, Feature, uses_of
from chaos.errors import UsageError


def print_manifests(request: ManifestOptions) -> int:
    """Print them as YAML.

    Raises:
        UsageError: an opt-in or a kind that does not exist, or a CronJob without an image.
    """
    print(yaml.safe_dump_all(manifests(request), sort_keys=False, explicit_start=True), end="")
    return 0


def manifests(request: ManifestOptions) -> list[dict[str, Any]]:
    """The objects, in the order in which they must be applied."""
    if request.kind not in MANIFEST_KINDS:
        raise UsageError(f"there are no manifests {request.kind!r}", hint=f"one of: {', '.join(MANIFEST_KINDS)}")
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
    if request.kind == "networkpolicy":  # not in `all`: where no policy isolates pods yet, this one would
        found += network_policies(request.namespace)
    return found
