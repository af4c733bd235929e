"""Namespaces that are nobody's to break."""

from __future__ import annotations

from chaos.engine.guards.guard import Guard, GuardError, Scene


class SystemNamespaceGuard(Guard):
    """Namespaces of Kubernetes itself; labels do not help."""

    name = "system-namespace"
    refuses = "work in a namespace whose name begins with kube-, whatever its labels say"

    async def check_start(self, scene: Scene) -> str:
        """See `Guard.check_start`."""
        refuse_system(scene.namespace)
        return ""


def refuse_system(namespace: str) -> None:
    """Raises GuardError: it is one of Kubernetes itself."""
    if namespace.startswith("kube-"):
        raise GuardError(
            SystemNamespaceGuard.name,
            f"{namespace} belongs to Kubernetes itself, and no experiment works in it, whatever its labels",
            hint="name another namespace, or leave --namespace out of a run: one is made then",
        )


class DefaultNamespaceGuard(Guard):
    """Where everything lands that names no namespace."""

    name = "default-namespace"
    refuses = "work in the namespace default, where everybody's things land"
    switch = "--allow-default"

    async def check_start(self, scene: Scene) -> str:
        """See `Guard.check_start`."""
        if scene.namespace == "default" and not scene.options.guards.allow_default:
            raise self.refusal(
                "default is the namespace where everything lands that names none, so others may work in it",
                hint="name another namespace, or say so: --allow-default (its consent is asked for besides)",
            )
        return ""
