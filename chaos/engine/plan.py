"""The plan: what is about to be done, to what, at which rates."""

from __future__ import annotations

from collections.abc import Sequence

from chaos.engine.place import Place
from chaos.engine.preflight import Preflight
from chaos.engine.probing import Rates
from chaos.experiment import Experiment, Options


def plan_lines(
    found: Preflight, place: Place, experiment: Experiment, options: Options, rates: Rates
) -> list[tuple[str, str]]:
    """Rows of (what, details) with the targets resolved."""
    target, cluster = found.target, found.cluster
    tested = f"StatefulSet {target.statefulset}: {', '.join(target.names)}" if target.names else "what the method makes"
    grace = "the pod's own" if options.deletion_grace_s is None else f"{options.deletion_grace_s} s"
    where = "existing" if options.namespace else "made for this run and removed after it"
    dns = f"DNS every {rates.dns_period_s * 1000:.1f} ms per record and view, {rates.queries_per_s:.0f} queries/s"
    return [
        ("experiment", f"{experiment.name}: {experiment.summary}"),
        ("cluster", f"{place.label}, Kubernetes {cluster.version}, fingerprint {cluster.fingerprint}"),
        ("namespace", f"{target.namespace} ({where})"),
        ("target", tested),
        *([("trials", _trials(options, target.names))] if "trials" in experiment.declared else []),
        *([("deletions", f"with grace period: {grace}")] if "grace" in experiment.declared else []),
        ("blast radius", _radius(experiment, target.names) + _how_often(options)),
        ("DNS views", ", ".join(f"{view.name} {view.address}" for view in found.dns.views)),
        *([("", f"only that address: {found.dns.limited}")] if found.dns.limited else []),
        ("vantages", _vantages(found, options)),
        ("probes", f"{dns}; connections every {rates.connect_period_s * 1000:.0f} ms"),
        *(("aborted if", one.text) for one in options.aborting.conditions),
        *([("Events", _events(found))] if options.events else []),
        *([("hooks", _hooks(options))] if options.hooks.before_hook or options.hooks.after_hook else []),
        *(("options", f"{said} ({origin})") for origin, said in _by_origin(options)),
        *(("ignored", sentence) for sentence in options.dropped),
    ]


def _radius(experiment: Experiment, names: Sequence[str]) -> str:
    most = min(experiment.blast_radius, len(names)) if names else experiment.blast_radius
    among = f" of {', '.join(names)}" if names else ""
    pods = f"{most} pod{'s' if most > 1 else ''}{among}"
    return f"at most {pods} down at the same time, counting those that are down anyway"


def _events(found: Preflight) -> str:
    what = f"StatefulSet {found.target.statefulset}" if found.target.statefulset else "the pods that are hit"
    return f"on {what}, at each fault and when all is undone (--no-events for none); one that is refused ends nothing"


def _hooks(options: Options) -> str:
    """When they run; not what they are, which may hold a password."""
    hooks = options.hooks
    when = [
        *(["one before anything is touched"] if hooks.before_hook else []),
        *(["one after all is undone"] if hooks.after_hook else []),
    ]
    return f"{' and '.join(when)}, each for {hooks.hook_timeout_s:g} s at most"


def _by_origin(options: Options) -> list[tuple[str, str]]:
    """Where what was given comes from: (origin, options as they would be typed)."""
    found: dict[str, list[str]] = {}
    for said, origin in options.origins.items():
        found.setdefault(origin, []).append(said)
    return [(origin, " ".join(said)) for origin, said in found.items()]


def _trials(options: Options, names: Sequence[str]) -> str:
    """How many, and which options decide that."""
    if options.until_precision is None:
        return f"{options.trials or len(names)} (--trials N for more or fewer)"
    return f"{_until(options)} (--until-precision, --max-trials)"


def _how_often(options: Options) -> str:
    return "" if options.until_precision is None else f", in {_until(options)}"


def _until(options: Options) -> str:
    known = f"until the median of the outage is known within {options.until_precision:.0%}"
    return f"up to {options.most_trials} trials, {known}"


def _vantages(found: Preflight, options: Options) -> str:
    """Where probes run from."""
    parts = ["this process"] if found.local else []
    if found.agents:
        image = options.pods.mirrored(options.agents.image)
        parts.append(f"{found.agents} agent pod(s) of image {image}, removed after the run")
    because = f" ({found.chosen})" if found.chosen else ""
    return " and ".join(parts) + because


def stretched_note(options: Options, rates: Rates) -> str:
    """Why the periods are longer than asked."""
    asked, given = f"{options.period_s * 1000:g} ms", f"{rates.dns_period_s * 1000:.1f} ms"
    return (
        f"DNS queries are sent every {given} instead of every {asked} per record and view, to keep to "
        f"{options.max_qps:g} queries/s in all; --max-qps raises the limit"
    )
