"""Getting a container's image, or saying why there is none."""

from __future__ import annotations

from kubesim.containers import parse_reference
from kubesim.kubelet.container import Container, full_image
from kubesim.kubelet.local_pod import LocalPod

_BACK_OFF_FIRST_S, _BACK_OFF_MOST_S = 10.0, 300.0  # the kubelet's image pull back-off
_NEVER_RETRY_S = 11.0  # lab: a pod with ErrImageNeverPull is looked at again every 11-12 s


class Images:
    """Finds or pulls the images of one pod's containers. Nothing can really be pulled: known images are there."""

    def __init__(self, pod: LocalPod) -> None:
        self._pod = pod
        self._back_off_s = 0.0

    def name(self, container: Container) -> str:
        """The image that the object names now: it may be changed while the pod runs."""
        spec = self._pod.object["spec"]
        rows = [*spec["containers"], *(spec.get("initContainers") or ())]
        return next(str(row["image"]) for row in rows if row["name"] == container.name)

    async def get(self, container: Container) -> str | None:
        """The image's name once it is on the node; None where it cannot be had, and the container waits for a retry.

        Raises:
            StoppingError: the pod is to be terminated.
        """
        image, policy = self.name(container), container.spec.get("imagePullPolicy", "IfNotPresent")
        if parse_reference(image) is None:
            why = f'couldn\'t parse image name "{image}": invalid reference format'
            message = f'Failed to apply default image tag "{image}": {why}'
            self._pod.event("InspectFailed", message, container=container, warning=True)
            self._refuse(container, "InvalidImageName", message, _NEVER_RETRY_S)
            return None
        known = self._pod.node.runtime.knows_image(image)
        if known and policy != "Always":
            message = f'Container image "{image}" already present on machine and can be accessed by the pod'
            self._pod.event("Pulled", message, container=container)
            return image
        if policy == "Never":
            message = f'Container image "{image}" is not present with pull policy of Never'
            self._pod.event("ErrImageNeverPull", message, container=container, warning=True)
            self._refuse(container, "ErrImageNeverPull", message, _NEVER_RETRY_S)
            return None
        return await self._pull(container, image, known=known)

    async def _pull(self, container: Container, image: str, *, known: bool) -> str | None:
        if container.state.get("waiting", {}).get("reason") == "ErrImagePull":
            container.refused("ImagePullBackOff", f'Back-off pulling image "{image}"')
            self._pod.event("BackOff", f'Back-off pulling image "{image}"', container=container)
            self._pod.report()
        self._pod.event("Pulling", f'Pulling image "{image}"', container=container)
        await self._pod.waiting.pause(self._pod.draw("kubelet_image_pull"))
        if known:
            self._back_off_s = 0.0
            self._pod.event("Pulled", f'Successfully pulled image "{image}"', container=container)
            return image
        known_ones = f"it has images such as {', '.join(self._pod.node.runtime.example_images)}"
        message = f'failed to pull and unpack image "{full_image(image)}": the sandbox has no such image; {known_ones}'
        self._pod.event("Failed", f'Failed to pull image "{image}": {message}', container=container, warning=True)
        self._back_off_s = min(max(_BACK_OFF_FIRST_S, 2 * self._back_off_s), _BACK_OFF_MOST_S)
        self._refuse(container, "ErrImagePull", message, self._back_off_s)
        return None

    def _refuse(self, container: Container, reason: str, message: str, retry_after_s: float) -> None:
        container.refused(reason, message)
        container.retry_at_s = self._pod.now_s() + retry_after_s
        self._pod.event("Failed", f"Error: {reason}", container=container, warning=True)
