"""What names mean inside a pod: its resolv.conf, its own lookups, and what a name costs there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from chaos.analysis.notes import Note
from chaos.analysis.units import count
from chaos.experiment.run import Run
from chaos.model.outcome import TIMEOUT

_DEFAULT_NDOTS = 1
_ATTEMPTS = 2  # resolv.conf(5)
# busybox's own -T ends in a crash where it is built for Debian, so `timeout` bounds it. A name that is denied is said
# to be within that time.
_FETCH_WITHIN_S = 3


@dataclass(frozen=True, slots=True)
class ResolvConf:
    """A pod's /etc/resolv.conf.

    Attributes:
        nameservers: in its order.
        search: domains, in its order.
        ndots: a name with fewer dots is tried below the search list first.
    """

    nameservers: tuple[str, ...]
    search: tuple[str, ...]
    ndots: int

    @classmethod
    def parse(cls, text: str) -> ResolvConf:
        """Read the file's text; what is missing has the C library's default."""
        servers = re.findall(r"^nameserver\s+(\S+)", text, re.MULTILINE)
        search = re.findall(r"^search\s+(.+)$", text, re.MULTILINE)
        ndots = re.findall(r"^options\s.*\bndots:(\d+)", text, re.MULTILINE)
        return cls(
            tuple(servers),
            tuple(search[-1].split()) if search else (),
            int(ndots[-1]) if ndots else _DEFAULT_NDOTS,
        )

    def candidates(self, name: str) -> list[str]:
        """The absolute names that a C library tries for a name, in order."""
        bare = name.rstrip(".")
        if name.endswith("."):
            return [bare]
        below = [f"{bare}.{domain}" for domain in self.search]
        return [bare, *below] if bare.count(".") >= self.ndots else [*below, bare]


class ReadConf(Note):
    """What /etc/resolv.conf says in a pod; here as below an experiment's own kind may add which pod or name it was."""

    nameservers: tuple[str, ...]
    search: tuple[str, ...]
    ndots: int
    exit_code: int


class LookedUp(Note):
    """What nslookup said in a pod (busybox's: the search list is for names without a dot only).

    Attributes:
        asked: name, or address.
        addresses: of a name.
        names: of an address.
        refused: ``NAME STATUS`` of each name that was denied.
        status: ``NOERROR`` with an address or name, else ``TIMEOUT`` or the worst of the denials.
        took_s: seconds, the command's start and end among them.
    """

    asked: str
    exit_code: int
    addresses: tuple[str, ...]
    names: tuple[str, ...]
    refused: tuple[str, ...]
    status: str
    took_s: float

    @property
    def denied(self) -> bool:
        """Whether it was told that there is nothing; an nslookup that failed without a word was not."""
        return self.status == "NXDOMAIN" or (self.status == "NODATA" and not self.exit_code)

    @property
    def silent(self) -> bool:
        """Whether nothing was said to it, because the time was over or it failed without a word."""
        return self.status == "TIMEOUT" or (self.status == "NODATA" and not self.denied)


class Fetched(Note):
    """What wget got in a pod, which asks the C library.

    Attributes:
        asked: name.
        page: the first line; empty where there was none.
        said: what wget said of its failure.
    """

    asked: str
    exit_code: int
    page: str
    said: str

    def told(self) -> str:
        """For people."""
        return repr(self.page) if self.page else self.said or f"nothing (exit code {count(self.exit_code)})"


class Costed(Note):
    """What a C library asks for each form of a name (A and AAAA each), asked one by one from here.

    Attributes:
        asked: name.
        queries: how many it took.
        names_tried: absolute names.
        status: of the last name that was tried.
        steps: ``NAME STATUS`` of each.
    """

    asked: str
    queries: int
    names_tried: int
    status: str
    steps: tuple[str, ...]


async def read_resolv_conf(
    run: Run, kind: type[ReadConf], pod: str, *, namespace: str = "", **details: Any
) -> ResolvConf:
    """`cat /etc/resolv.conf` in a pod; one note of that kind with what it says."""
    done = await run.objects.exec(pod, ["cat", "/etc/resolv.conf"], namespace=namespace)
    found = ResolvConf.parse(done.stdout)
    run.note(
        kind(
            nameservers=found.nameservers,
            search=found.search,
            ndots=found.ndots,
            exit_code=done.code,
            **details,
        )
    )
    return found


async def nslookup(
    run: Run,
    kind: type[LookedUp],
    pod: str,
    name: str,
    *,
    namespace: str = "",
    container: str = "",
    **details: Any,
) -> list[str]:
    """Busybox's `nslookup NAME` in a pod; one note of that kind with the addresses, the refusals and the exit code.

    busybox's nslookup uses the search list for names without a dot only, and asks for all of the list at once.
    """
    done = await run.objects.exec(pod, ["nslookup", name], namespace=namespace, container=container)
    found = re.findall(r"^Address: (\S+)$", done.stdout, re.MULTILINE)
    refused = re.findall(r"^\*\* server can't find (\S+): (\w+)$", done.stdout, re.MULTILINE)
    names = re.findall(r"\tname = (\S+)$", done.stdout, re.MULTILINE)  # of an address
    silent = "timed out" in done.stdout
    run.note(
        kind(
            asked=name,
            exit_code=done.code,
            addresses=tuple(sorted(set(found))),
            names=tuple(sorted(set(names))),
            refused=tuple(sorted({f"{refused_name} {status}" for refused_name, status in refused})),
            status="NOERROR" if found or names else "TIMEOUT" if silent else _worst(status for _, status in refused),
            took_s=round(done.took_s, 3),
            **details,
        )
    )
    return found


async def fetch(run: Run, kind: type[Fetched], pod: str, name: str, *, namespace: str = "", **details: Any) -> str:
    """`wget` of http://NAME/ in a pod, which resolves as the pod's C library does; one note of that kind.

    Returns:
        The first line of the page; empty where there was none.
    """
    command = ["timeout", str(_FETCH_WITHIN_S), "wget", "-q", "-O", "-", f"http://{name}/"]
    done = await run.objects.exec(pod, command, namespace=namespace)
    lines = [line for line in done.stdout.splitlines() if line.strip()]
    said = " ".join(done.stderr.split())
    page = lines[0] if lines and not done.code else ""
    run.note(kind(asked=name, exit_code=done.code, page=page, said=said, **details))
    return page


async def count_queries(run: Run, kind: type[Costed], conf: ResolvConf, name: str, **details: Any) -> int:
    """Ask for a name as a C library with that resolv.conf does, query by query; one note of that kind.

    For each name that it tries it asks for A and for AAAA, once more where no answer came, and stops at the first name
    that has an address.

    Returns:
        How many queries that took.
    """
    queries, steps, status = 0, [], ""
    for candidate in conf.candidates(name):
        found = []
        for rtype in ("A", "AAAA"):
            for _ in range(_ATTEMPTS):
                outcome = await run.resolve(f"{candidate}.", rtype)
                queries += 1
                if outcome.status != TIMEOUT:
                    break
            found.append(outcome.status)
        status = found[0]
        steps.append(f"{candidate} {status}")
        if "NOERROR" in found:
            break
    run.note(kind(name, queries, len(steps), status, tuple(steps), **details))
    return queries


def _worst(statuses: Any) -> str:
    found = set(statuses)
    return next((status for status in ("SERVFAIL", "REFUSED", "NXDOMAIN") if status in found), "NODATA")
