"""`chaos doctor`."""

from __future__ import annotations

import asyncio
from dataclasses import asdict

from rich.markup import escape
from rich.table import Table

from chaos.cli.commands.doctor import DoctorOptions
from chaos.cli.console import SteadfastConsole, print_json
from chaos.cli.place import address_of
from chaos.cluster.address import ClusterAddress
from chaos.cluster.connection import connect
from chaos.engine.doctor import Doctor, Examined, Status, local_findings, unreachable
from chaos.errors import ChaosError, PreflightError, UsageError
from chaos.options.agents import PodOptions
from chaos.options.output import FormatOptions
from chaos.options.place import ClusterOptions
from chaos.vantage.local import LocalVantage

_STYLE = {Status.OK: "green", Status.WARNING: "yellow", Status.PROBLEM: "bold red", Status.UNKNOWN: "cyan"}


def examine(cluster: ClusterOptions, planned: DoctorOptions, told: FormatOptions) -> int:
    """`chaos doctor`: look, tell, and return the exit code: 3 where the main experiment could not run.

    Raises:
        UsageError: something is said of a cluster that is not named.
    """
    if not cluster.is_named and (cluster.kubeconfig is not None or planned.namespace):
        cluster.check_named()
    found = list(local_findings())
    if not cluster.is_named:
        advice = "name a cluster with --context NAME or --in-cluster; without one: chaos run … --sandbox"
        found.append(Examined(Status.UNKNOWN, "cluster", "none was named, so none was looked at", advice))
    else:
        image = PodOptions(mirror=planned.mirror).mirrored(planned.image)
        found += asyncio.run(_findings(address_of(cluster), planned.namespace, image))
    code = PreflightError.exit_code if any(f.status is Status.PROBLEM for f in found) else 0
    if told.as_json:
        print_json({"findings": [asdict(finding) for finding in found], "exit_code": code})
    else:
        _tell(found)
    return code


async def _findings(address: ClusterAddress, namespace: str, agent_image: str) -> list[Examined]:
    try:
        cluster = await connect(address, namespace)
    except UsageError:
        raise  # no such context or kubeconfig: there is nothing to look at
    except ChaosError as exc:
        return [unreachable(exc)]
    try:
        doctor = Doctor(cluster, LocalVantage(), namespace, agent_image, in_cluster=address.in_cluster)
        found = []
        try:
            async for finding in doctor.findings():
                found.append(finding)  # noqa: PERF401 - what was found before a failure stays
        except ChaosError as exc:
            found.append(unreachable(exc))
        return found
    finally:
        await cluster.close()


def _tell(found: list[Examined]) -> None:
    console = SteadfastConsole()
    if not console.is_terminal:  # whole lines, for grep
        for finding in found:
            advice = f" -> {finding.advice}" if finding.advice else ""
            line = f"{finding.status.value:8}{finding.what}: {finding.found}{advice}"
            console.tell(line, markup=False, soft_wrap=True)
        return
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in found:
        text = escape(finding.found)
        if finding.advice:
            text += f"\n[dim]→ {escape(finding.advice)}[/]"
        style = _STYLE[finding.status]
        table.add_row(f"[{style}]{finding.status.value}[/]", finding.what, text)
    console.tell(table)
