"""`chaos sandbox`: the simulated cluster for kubectl and other programs."""

from __future__ import annotations

import asyncio
import json
import math
import secrets
import signal
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

import kubesim
from chaos.cli.commands.sandbox import Served
from chaos.errors import InconclusiveError, UsageError
from chaos.options.place import SandboxOptions

_FORM = "write NAME=LOW..HIGH, in seconds (or as a probability)"
_LOOK_S = 0.5


def make_sandbox(
    seed: int, settings: tuple[str, ...], token: str, *, realtime: bool, strict: bool = True
) -> kubesim.Cluster:
    """A sandbox with the parameters of the command line; `strict` as `kubesim.Cluster` has it.

    Raises:
        UsageError: a setting is none, or names no parameter.
    """
    overrides = read_settings(settings)
    # In whole seconds: API timestamps then fall alike in every run of a seed.
    epoch = datetime.now(UTC).replace(microsecond=0)
    return kubesim.Cluster(seed=seed, realtime=realtime, overrides=overrides, token=token, strict=strict, epoch=epoch)


async def start_sandbox(sandbox: kubesim.Cluster, settings: tuple[str, ...]) -> None:
    """Bring it up.

    Raises:
        UsageError: with these settings it does not come up in time.
        InconclusiveError: a part of it failed: a bug in it, whatever was asked for.
    """
    try:
        await sandbox.start()
    except kubesim.StartError as exc:
        if (failure := sandbox.failure()) is not None:
            raise InconclusiveError(f"the sandbox itself failed: {failure!r}") from exc
        if not settings:
            raise
        said = " ".join(f"--model {setting}" for setting in settings)
        raise UsageError(
            f"the simulated cluster cannot start with {said}: {exc}", hint="choose shorter delays"
        ) from exc


def read_settings(settings: tuple[str, ...]) -> dict[str, tuple[float, float]]:
    """The delays that `--model` sets.

    Raises:
        UsageError: a setting is none, or names no parameter.
    """
    known = {delay.name: delay for delay in kubesim.DELAYS}
    found: dict[str, tuple[float, float]] = {}
    for setting in settings:
        name, _, value = setting.partition("=")
        low, _, high = value.partition("..")
        try:
            low_s, high_s = float(low), float(high or low)
        except ValueError as exc:
            raise UsageError(f"--model {setting}: {_FORM}") from exc
        if not 0 <= low_s <= high_s < math.inf:
            raise UsageError(f"--model {setting}: {_FORM}", hint="neither is negative, and LOW is not above HIGH")
        if name not in known:
            raise UsageError(
                f"--model: the sandbox has no parameter {name!r}", hint=f"it has: {', '.join(sorted(known))}"
            )
        if known[name].unit == "probability" and high_s > 1:
            raise UsageError(f"--model {setting}: {name} is a probability", hint="from 0 to 1")
        found[name] = (low_s, high_s)
    return found


def serve_sandbox(served: Served, sandbox: SandboxOptions) -> int:
    """`chaos sandbox`: serve until Ctrl-C or SIGTERM."""
    if served.kubeconfig is not None:
        return asyncio.run(_serve(served.kubeconfig, sandbox.seed, sandbox.model))
    with _temporary_folder() as folder:
        return asyncio.run(_serve(Path(folder) / "kubeconfig", sandbox.seed, sandbox.model))


async def _serve(path: Path, seed: int, settings: tuple[str, ...]) -> int:
    console = Console()
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, over.set)
    sandbox = make_sandbox(seed, settings, secrets.token_hex(16), realtime=True, strict=False)
    await start_sandbox(sandbox, settings)
    try:
        dns = await sandbox.serve_dns()
        _write_private(path, json.dumps(sandbox.kubeconfig(), indent=2))
        console.print("[bold yellow]SIMULATED[/] cluster in real time; Ctrl-C ends it", highlight=False)
        for line in (
            f"API server   {sandbox.url}",
            f"kubeconfig   {path}",
            f"cluster DNS  {dns[0]} port {dns[1]} (UDP and TCP)",
            f"try          kubectl --kubeconfig {path} get pods -A",
            f"             chaos doctor --context sandbox --kubeconfig {path}",
            f"             dig @{dns[0]} -p {dns[1]} kubernetes.default.svc.cluster.local",
        ):
            console.print(line, markup=False, highlight=False, soft_wrap=True)
        stopped = asyncio.create_task(over.wait())
        while not stopped.done() and sandbox.failure() is None:
            await asyncio.wait([stopped], timeout=_LOOK_S)
        stopped.cancel()
    finally:
        await sandbox.stop()
    if (failure := sandbox.failure()) is not None:
        raise InconclusiveError(f"the simulated cluster broke and was ended: {failure!r}") from failure
    return 0


def _temporary_folder() -> tempfile.TemporaryDirectory[str]:
    """For the kubeconfig.

    Raises:
        UsageError: there is no room for one.
    """
    try:
        return tempfile.TemporaryDirectory(prefix="chaos-sandbox-")
    except OSError as exc:
        raise UsageError(
            f"no temporary folder can be made for the kubeconfig: {exc.strerror}",
            hint="--kubeconfig FILE names a place",
        ) from exc


def _write_private(path: Path, text: str) -> None:
    """Write a file that holds a token.

    Raises:
        UsageError: it cannot be written.
    """
    try:
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")
    except OSError as exc:
        raise UsageError(f"the kubeconfig cannot be written to {path}: {exc.strerror}") from exc
