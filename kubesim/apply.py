"""Manifests, sent to the API server as kubectl sends them: over HTTP, the kinds found by discovery."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import aiohttp

from kubesim.kinds import BY_KIND
from kubesim.manifests import Manifest, ManifestError, Manifests, in_order, is_kubernetes_own, read_manifests
from kubesim.store import Object

_MERGE = "application/merge-patch+json"
_LOOKS, _LOOK_EVERY_S = 50, 0.1  # at a kind that was defined just now
_CONFLICT, _FAILURE = 409, 400


async def apply(url: str, connector: aiohttp.BaseConnector, manifests: Manifests, namespace: str) -> list[Object]:
    """See `Cluster.apply`."""
    async with aiohttp.ClientSession(connector=connector, trust_env=False) as session:
        return await _Applier(session, url).apply(read_manifests(manifests), namespace)


class _Applier:
    """Creates objects, or changes those that there are."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session, self._url = session, url
        self._kinds: dict[str, dict[str, Object]] = {}

    async def apply(self, manifests: Sequence[Manifest], namespace: str) -> list[Object]:
        """What the server made of each, in the order given.

        Raises:
            ManifestError: of a kind that there is not (then nothing is changed), or refused.
        """
        await self._know_all(manifests)
        made = {}
        for number, manifest in in_order(manifests):
            made[number] = await self._apply(manifest, namespace)
        return [made[number] for number in range(len(manifests))]

    async def _know_all(self, manifests: Sequence[Manifest]) -> None:
        defined = {row for manifest in manifests for row in _defines(manifest.object)}
        strange = [
            one for one in manifests if (one.api_version, one.kind) not in defined and await self._resource(one) is None
        ]
        if strange:
            raise ManifestError(
                f"the simulated cluster has no such kind: {'; '.join(f'{one.where}: {one.what}' for one in strange)}",
                hint=f"{_instead(strange)}; nothing was changed",
            )

    async def _resource(self, manifest: Manifest, *, again: bool = False) -> Object | None:
        version = manifest.api_version
        if again or version not in self._kinds:
            path = f"apis/{version}" if "/" in version else f"api/{version}"
            status, answer = await self._ask("GET", path)
            rows = answer.get("resources", []) if status < _FAILURE else []
            self._kinds[version] = {row["kind"]: row for row in rows if "/" not in row["name"]}
        return self._kinds[version].get(manifest.kind)

    async def _apply(self, manifest: Manifest, namespace: str) -> Object:
        resource = await self._resource(manifest)
        for _ in range(_LOOKS):
            if resource is not None:
                break
            await asyncio.sleep(_LOOK_EVERY_S)
            resource = await self._resource(manifest, again=True)
        if resource is None:
            raise ManifestError(f"{manifest.where}: its CustomResourceDefinition does not define {manifest.kind}")
        version = manifest.api_version
        path = f"apis/{version}" if "/" in version else f"api/{version}"
        if resource["namespaced"]:
            path += f"/namespaces/{manifest.object['metadata'].get('namespace') or namespace}"
        path += f"/{resource['name']}"
        status, answer = await self._ask("POST", path, manifest.object)
        if status == _CONFLICT and answer.get("reason") == "AlreadyExists":
            status, answer = await self._ask("PATCH", f"{path}/{manifest.name}", manifest.object)
        if status >= _FAILURE:
            what = f"{manifest.kind} {manifest.name}"
            raise ManifestError(
                f"{manifest.where}: the API server refuses {what} ({status} {answer.get('reason', '')}): "
                f"{answer.get('message', '')}",
                hint=_what_to_do(answer),
            )
        return dict(answer)

    async def _ask(self, method: str, path: str, body: Object | None = None) -> tuple[int, Any]:
        # kubectl asks for Strict by default, so that a field that does not exist is refused and not dropped.
        parameters = {"fieldValidation": "Strict"} if body is not None else {}
        headers = {"Content-Type": _MERGE if method == "PATCH" else "application/json"}
        data = None if body is None else json.dumps(body)
        async with self._session.request(
            method, f"{self._url}/{path}", params=parameters, data=data, headers=headers
        ) as response:
            text = await response.text()
            return response.status, json.loads(text) if text.startswith("{") else {"message": text}


def _instead(strange: Sequence[Manifest]) -> str:
    """What to do about kinds that there are not."""
    others = [one for one in strange if not is_kubernetes_own(one.api_version)]
    own = [one for one in strange if is_kubernetes_own(one.api_version)]
    hints = sorted(
        {f"{one.kind} is {BY_KIND[one.kind].resource.api_version} here" for one in own if one.kind in BY_KIND}
    )
    if lacking := ", ".join(sorted({one.kind for one in own if one.kind not in BY_KIND})):
        hints.append(
            f"{lacking}: of Kubernetes itself, and not in kubesim; leave it out, or add it (CONTRIBUTING, A kind)"
        )
    if others:
        hints.append("apply its CustomResourceDefinition too, or leave it out")
    return "; ".join(hints)


def _what_to_do(answer: Object) -> str:
    details = answer.get("details") or {}
    if answer.get("reason") == "NotFound" and details.get("kind") == "namespaces":
        name = details.get("name")
        return f"create the namespace {name} first: a Namespace anywhere among the manifests does"
    return "a real one refuses it in the same way: correct the field that it names"


def _defines(obj: Object) -> list[tuple[str, str]]:
    """(apiVersion, kind) of what a CustomResourceDefinition defines."""
    if obj["kind"] != "CustomResourceDefinition":
        return []
    spec = obj.get("spec") or {}
    kind = (spec.get("names") or {}).get("kind", "")
    return [(f"{spec.get('group')}/{row.get('name')}", kind) for row in spec.get("versions") or ()]
