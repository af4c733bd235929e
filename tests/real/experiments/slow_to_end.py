"""What becomes of a pod's identity where its container takes its whole grace period to end?"""

from chaos.experiment import DeletePod, Experiment, Run, Workload

STEADY_WITHIN_S = 60


async def method(run: Run) -> None:
    """Delete one pod after the other, each time until everything is right again."""
    await run.steady_state(within_s=STEADY_WITHIN_S)
    for pod in run.turns():
        async with run.inject(DeletePod(pod, grace_s=run.options.deletion_grace_s)):
            await run.steady_state(within_s=run.options.within_s)


experiment = Experiment(
    name="slow-to-end",
    hypothesis="A deleted pod comes back with its identity, and never twice at the same time.",
    workload=Workload(
        manifests=("slow-web.yaml", "slow-web-clusterip.yaml"), statefulset="web", service="web", port=80
    ),
    probes=("dns", "tcp", "http", "clusterip", "address", "stream"),
    checkers=("fault-took-effect", "steady-state", "identity-kept", "single-identity", "recovered-within"),
    options=("trials", "grace", "force"),
    blast_radius=1,
    timeout_s=180,
    method=method,
)
