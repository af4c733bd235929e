"""What the server says about a Service that it accepts (pkg/api/service/warnings.go)."""

from __future__ import annotations

from collections.abc import Iterator

from kubesim.objects import Object

_EXTERNAL = "ExternalName"


def warnings(obj: Object) -> Iterator[str]:
    """Fields that are deprecated, or mean nothing here."""
    spec = obj["spec"]
    headless = spec.get("clusterIP") == "None"
    if headless:
        ignored = [field for field in ("loadBalancerIP", "externalIPs") if spec.get(field)]
        ignored += ["SessionAffinity"] if spec["sessionAffinity"] != "None" else []
        yield from (f"spec.{field} is ignored for headless services" for field in ignored)
    if spec.get("externalIPs") and not headless and spec["type"] != _EXTERNAL:
        yield "spec.externalIPs is deprecated and may no longer be implemented in some clusters"
    if spec["type"] == _EXTERNAL and spec.get("externalIPs"):
        yield f'spec.externalIPs is ignored when spec.type is "{_EXTERNAL}"'
    if spec["type"] != _EXTERNAL and spec.get("externalName"):
        yield f'spec.externalName is ignored when spec.type is not "{_EXTERNAL}"'
    if spec.get("trafficDistribution") == "PreferClose":
        yield 'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"'
