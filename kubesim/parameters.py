"""All delays of the model, each a named, seeded parameter with its source."""

from __future__ import annotations

import math
from collections.abc import Mapping

from kubesim.api.delays import API_DELAYS
from kubesim.delays import CONTROLLER_DELAYS
from kubesim.dns.delays import DNS_DELAYS
from kubesim.errors import SimulationError, did_you_mean
from kubesim.images import IMAGE_DELAYS
from kubesim.kubeproxy import KUBEPROXY_DELAYS
from kubesim.model import Delay, Model
from kubesim.network import NETWORK_DELAYS
from kubesim.networkpolicy import POLICY_DELAYS

DELAYS = (
    *API_DELAYS,
    *CONTROLLER_DELAYS,
    *KUBEPROXY_DELAYS,
    *POLICY_DELAYS,
    *NETWORK_DELAYS,
    *IMAGE_DELAYS,
    *DNS_DELAYS,
)


def make_model(seed: int, delays: tuple[Delay, ...], overrides: Mapping[str, tuple[float, float]] | None) -> Model:
    """The parameters of one cluster; see `Model`.

    Raises:
        SimulationError: the seed is no whole number, or an override names no parameter or is no range.
    """
    if not isinstance(seed, int):
        raise SimulationError(f"the seed {seed!r} is no whole number", hint="Cluster(seed=1)")
    if not isinstance(overrides or {}, Mapping):
        raise SimulationError(
            f"overrides are no delays by name: {overrides!r}", hint='overrides={"kubelet_start": (1, 2)}'
        )
    known = {delay.name: delay for delay in delays}
    for name, given in (overrides or {}).items():
        if name not in known:
            raise SimulationError(
                f"overrides name {name!r}, and no delay is called so",
                hint=f"{did_you_mean(str(name), known)} kubesim.DELAYS has all".lstrip(),
            )
        if not _is_range(given):
            old = known[name]
            raise SimulationError(
                f"{given!r} for {name!r} is no range",
                hint=f"write (lowest, highest), neither below 0, such as ({old.low_s:g}, {old.high_s:g})",
            )
    return Model(seed, delays, dict(overrides or {}))


def _is_range(given: object) -> bool:
    if not isinstance(given, tuple | list) or len(given) != 2:  # noqa: PLR2004 - lowest and highest
        return False
    numbers = all(isinstance(one, int | float) and math.isfinite(one) for one in given)
    return numbers and bool(0 <= given[0] <= given[1])
