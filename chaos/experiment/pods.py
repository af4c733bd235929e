"""What methods wait for of pods."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from chaos.experiment.run import Run
from chaos.model import PodIdentity


async def successor(run: Run, old: PodIdentity, labels: str, within_s: float, *, what: str = "") -> PodIdentity | None:
    """Wait for the Ready pod that takes a pod's name; None when the time is over. A `Waited` says how long it took.

    Args:
        run: under way.
        old: the pod that goes.
        labels: of both.
        within_s: the longest wait.
        what: is waited for, for people; empty: a new pod of that name.
    """

    async def there() -> PodIdentity | None:
        return next((p for p in await run.pods_of(labels) if p.name == old.name and p.uid != old.uid), None)

    return await run.until(what or f"a new {old.name} is Ready", there, within_s)


async def newcomer(run: Run, before: Collection[PodIdentity], labels: str) -> PodIdentity | None:
    """A Ready pod that was not there before, once there are as many as before; to be awaited again and again."""
    now, known = await run.pods_of(labels), {pod.uid for pod in before}
    new = next((pod for pod in now if pod.uid not in known), None)
    return new if len(now) >= len(before) else None


async def marked_for_deletion(run: Run, pods: Iterable[PodIdentity], labels: str) -> bool:
    """Whether each of them has a deletionTimestamp, or is gone."""
    found = {pod["metadata"]["uid"]: pod for pod in await run.objects.list("Pod", labels)}
    return all("deletionTimestamp" in found[pod.uid]["metadata"] for pod in pods if pod.uid in found)


async def all_replaced(run: Run, pods: Iterable[PodIdentity], labels: str) -> bool:
    """Whether each of their names belongs to another Ready pod."""
    uids = {pod.name: pod.uid for pod in await run.pods_of(labels)}
    return all(uids.get(pod.name, pod.uid) != pod.uid for pod in pods)
