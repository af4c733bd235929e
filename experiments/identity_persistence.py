"""Does a StatefulSet pod keep its name, volume and DNS name when it is deleted?"""

from chaos.experiment import DeletePod, Experiment, Run, Workload

CONTRAST = "app=web-demo"
CONTRAST_REPLICAS = 2
STEADY_WITHIN_S = 60
# Longer than the limit that is judged, so that missing it is seen as that and not as the end of the measurement.
BEYOND_LIMIT_S = 5
# After a forced deletion the old container goes on for some seconds, at most for its grace period.
SILENT_WITHIN_S = 40


async def method(run: Run) -> None:
    """Delete one pod after the other, each time until everything is right again; then the contrast."""
    await run.steady_state(within_s=STEADY_WITHIN_S)
    for pod in run.turns():
        async with run.inject(DeletePod(pod, grace_s=run.options.deletion_grace_s)):
            await run.steady_state(within_s=run.options.within_s + BEYOND_LIMIT_S)
            if run.options.force:
                await run.silence(pod, within_s=SILENT_WITHIN_S)
                await run.steady_state(within_s=STEADY_WITHIN_S)
    if not run.options.target:  # in somebody's namespace nothing is made that is not needed
        await contrast_with_deployment(run)


async def contrast_with_deployment(run: Run) -> None:
    """A Deployment of the same image: its replacement has a new name, and none of its pods a record of its own."""
    await run.apply("web-demo.yaml")
    before = await run.ready_pods(CONTRAST, CONTRAST_REPLICAS, within_s=STEADY_WITHIN_S)
    if len(before) < CONTRAST_REPLICAS:
        return
    deleted = before[0]
    by_pod_name = await run.resolve(f"{deleted.name}.web-headless")
    by_address = await run.resolve(f"{deleted.address.replace('.', '-')}.web-headless")
    await run.delete_pod(deleted)
    after = await run.ready_pods(CONTRAST, CONTRAST_REPLICAS, within_s=STEADY_WITHIN_S)
    known = {pod.name for pod in before}
    replacement = next((pod for pod in after if pod.name not in known), None)
    if replacement is None:
        return
    by_new_name = await run.resolve(f"{replacement.name}.web-headless")
    run.mark(
        "contrast",
        deployment="web-demo",
        deleted=deleted.name,
        replacement=replacement.name,
        per_pod_record=by_pod_name.status,
        replacement_record=by_new_name.status,
        address_shaped_record=by_address.status,
    )


experiment = Experiment(
    name="identity-persistence",
    hypothesis=(
        "A deleted StatefulSet pod comes back with the same name, ordinal, hostname and DNS records and a new UID, "
        "never twice at the same time, and in time."
    ),
    workload=Workload(manifests=("web.yaml", "web-clusterip.yaml"), statefulset="web", service="web", port=80),
    probes=("dns", "tcp", "http", "clusterip", "address", "stream"),
    checkers=(
        "fault-took-effect",
        "steady-state",
        "identity-kept",
        "single-identity",
        "recovered-within",
        "deployment-contrast",
    ),
    questions=("identity-kept", "dns-update", "connection-handling"),
    any_target=True,
    blast_radius=1,
    timeout_s=180,
    method=method,
)
