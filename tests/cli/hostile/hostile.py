"""An experiment in whose cluster everything that can say something says what a terminal, a browser or a sheet obeys."""

from collections.abc import Iterator

from chaos.experiment import (
    DeletePod,
    Experiment,
    Finding,
    Note,
    Question,
    Reading,
    Run,
    Workload,
    against,
    checker,
    note,
)


class Said(Note):
    """What a pod and the API server said."""

    pod: str
    page: str
    refusal: str


async def method(run: Run) -> None:
    """Listen, delete a pod, and pass on what was heard."""
    await run.steady_state(within_s=60)
    pod = run.target.pods[0]
    async with run.inject(DeletePod(pod, grace_s=1)):
        await run.steady_state(within_s=60)
    done = await run.objects.exec(run.target.pods[0].name, ["cat", "/usr/share/nginx/html/index.html"])
    name = done.stdout.strip()
    meta = {"name": name, "annotations": {"x": name}}
    refusal = await run.objects.refused(run.objects.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta}))
    run.note(Said(pod.name, done.stdout, refusal))
    lie = "sed -i 's/Hello from [^ ]* /Hello from /' /usr/share/nginx/html/index.html"
    await run.objects.exec(run.target.pods[1].name, ["sh", "-c", lie])
    await run.sleep(2.0)  # clients hear another name now, which is none
    await run.objects.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name.split()[-1]}})


@checker("report.md: Measured")
def it_is_obeyed(reading: Reading) -> Iterator[Finding]:
    """Nobody obeys it."""
    said = note(reading, Said, "nobody said anything")
    yield against(f"it said {said.page}, and was told {said.refusal}")


def what_was_said(reading: Reading) -> Iterator[str]:
    said = note(reading, Said, "nobody said anything")
    yield f"It said `{said.page}` and {said.page}; it was told {said.refusal}."


experiment = Experiment(
    name="hostile",
    hypothesis="What a cluster says is data.",
    workload=Workload(manifests=("hostile.yaml",), statefulset="app", service="app", port=80),
    probes=("dns", "http", "address"),
    checkers=("fault-took-effect", "steady-state", it_is_obeyed),
    questions=(Question("said", "What was said?", what_was_said),),
    tables=(Said,),
    headline=lambda reading: note(reading, Said, "nobody said anything").page,
    uses=("get pods/exec", "create configmaps"),
    timeout_s=720,
    method=method,
)
