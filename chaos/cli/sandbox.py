"""`chaos sandbox`: the simulated cluster for kubectl and other programs."""

from __future__ import annotations

import asyncio
import json
import secrets
import signal
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from chaos.errors import InconclusiveError, UsageError
from chaos.sandbox.sandbox import DELAYS, Sandbox

_LOOK_S = 0.5


def make_sandbox(seed: int, settings: tuple[str, ...], token: str, *, realtime: bool, strict: bool = True) -> Sandbox:
    """A sandbox with the parameters of the command line; `strict` as `Sandbox` has it.

    Raises:
        UsageError: a setting is none, or names no parameter.
    """
    overrides: dict[str, tuple[float, float]] = {}
    for setting in settings:
        name, _, value = setting.partition("=")
        low, _, high = value.partition("..")
        try:
            overrides[name] = (float(low), float(high or low))
            if not 0 <= overrides[name][0] <= overrides[name][1]:
                raise ValueError(setting)  # noqa: TRY301 - the same mistake, the same message
        except ValueError as exc:
            raise UsageError(f"--model {setting}: write NAME=LOW..HIGH, in seconds (or as a probability)") from exc
    try:
        # In whole seconds: API timestamps then fall alike in every run of a seed.
        epoch = datetime.now(UTC).replace(microsecond=0)
        return Sandbox(seed=seed, realtime=realtime, overrides=overrides, token=token, strict=strict, epoch=epoch)
    except KeyError as exc:
        raise UsageError(
            f"--model: the sandbox has no parameter {exc}", hint=f"it has: {', '.join(sorted(d.name for d in DELAYS))}"
        ) from exc


def serve_sandbox(kubeconfig: Path | None, seed: int, settings: tuple[str, ...]) -> int:
    """Serve until Ctrl-C or SIGTERM."""
    return asyncio.run(_serve(kubeconfig, seed, settings))


async def _serve(kubeconfig: Path | None, seed: int, settings: tuple[str, ...]) -> int:
    console = Console()
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, over.set)
    temporary = tempfile.TemporaryDirectory(prefix="chaos-sandbox-")
    sandbox = make_sandbox(seed, settings, secrets.token_hex(16), realtime=True, strict=False)
    await sandbox.start()
    try:
        dns = await sandbox.serve_dns()
        path = kubeconfig or Path(temporary.name) / "kubeconfig"
        _write_private(path, json.dumps(sandbox.kubeconfig(), indent=2))
        console.print("[bold yellow]SIMULATED[/] cluster in real time; Ctrl-C ends it", highlight=False)
        for line in (
            f"API server   {sandbox.api.url}",
            f"kubeconfig   {path}",
            f"cluster DNS  {dns[0]} port {dns[1]} (UDP and TCP)",
            f"try          kubectl --kubeconfig {path} get pods -A",
            f"             dig @{dns[0]} -p {dns[1]} kubernetes.default.svc.cluster.local",
        ):
            console.print(line, markup=False, highlight=False, soft_wrap=True)
        stopped = asyncio.create_task(over.wait())
        while not stopped.done() and sandbox.failure() is None:
            await asyncio.wait([stopped], timeout=_LOOK_S)
        stopped.cancel()
    finally:
        temporary.cleanup()
        await sandbox.stop()
    if (failure := sandbox.failure()) is not None:
        raise InconclusiveError(f"the simulated cluster broke and was ended: {failure!r}") from failure
    return 0


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
