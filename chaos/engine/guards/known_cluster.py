"""A context leads to the cluster that it led to before."""

from __future__ import annotations

from chaos.cluster.pins import Pins
from chaos.engine.guards.guard import Guard, Scene


class KnownClusterGuard(Guard):
    """The cluster's fingerprint is remembered at first use, by context; another one is refused."""

    name = "known-cluster"
    refuses = "run in another cluster than the one that the context led to before"
    switch = "--cluster-uid, --new-cluster"
    asks = True

    async def check_start(self, scene: Scene) -> str:
        """See `Guard.check_start`."""
        cluster, address, guards = scene.cluster, scene.place.address, scene.options.guards
        uid = cluster.fingerprint.rpartition(" ")[2]
        if guards.cluster_uid and guards.cluster_uid != uid:
            raise self.refusal(
                f"{cluster.name} is the cluster {uid}, and not {guards.cluster_uid}, which --cluster-uid names",
                hint="look where the context leads: kubectl config view --minify --context …; chaos doctor shows the "
                "UID",
            )
        if scene.place.simulated or address.in_cluster or guards.new_cluster:
            return ""
        pins = Pins()
        known = pins.of(address, cluster.fingerprint)
        if known.fingerprint == cluster.fingerprint:
            return ""
        if guards.cluster_uid:
            pins.remember(address, cluster.fingerprint)
            return ""
        if known.missing:
            raise self.refusal(
                f"whether {cluster.name} is still the cluster that it was cannot be told, since nothing is remembered "
                f"here: {known.missing}",
                hint=f"say which one it must be: --cluster-uid {uid}, if that is the one that you mean",
            )
        if known.fingerprint:
            raise self.refusal(
                f"{cluster.name} was the cluster {known.fingerprint} when it was used first ({known.since}), and is "
                f"{cluster.fingerprint} now",
                hint=f"if that is the one that you mean: --cluster-uid {uid}; for one that is made anew for each job: "
                "--new-cluster, or new-cluster = true in its profile",
            )
        whole = pins.of(address, "")
        if whole.fingerprint and whole.fingerprint != cluster.fingerprint:
            raise self.refusal(
                f"{cluster.name} was the cluster {whole.fingerprint} when it was used first ({whole.since}), and "
                "whether it still is cannot be told: its namespace kube-system may not be read now",
                hint=f"if that is the one that you mean, name the UID of the run's namespace: --cluster-uid {uid}",
            )
        why = pins.remember(address, cluster.fingerprint)
        if why:
            raise self.refusal(
                f"the cluster {uid} cannot be remembered for {cluster.name}: {why}",
                hint=f"say which one it must be: --cluster-uid {uid}, if that is the one that you mean",
            )
        return f"first use of {address.describe()} here: its cluster {uid} is remembered, and another one refused"
