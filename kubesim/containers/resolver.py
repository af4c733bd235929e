"""getaddrinfo as programs in a pod use it: /etc/hosts, then DNS with the search list of /etc/resolv.conf.

glibc 2.36 (resolv/res_query.c, res_send.c) and musl 1.2 (network/lookup_name.c, res_msend.c) differ in how long they
wait, and in what ends the search. IPv4 and IPv6 are asked for in parallel. Truncated answers are taken as they are.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field

import dns.rcode
import dns.rdatatype

from kubesim.containers.exchange import Exchange, Question
from kubesim.containers.inside import Inside

_DEFAULT_NDOTS = 1
_GLIBC_TIMEOUT_S, _GLIBC_ATTEMPTS = 5.0, 2
_MUSL_TIMEOUT_S, _MUSL_ATTEMPTS = 5.0, 2
_MUSL_SERVFAIL_RETRIES = 2  # for each question


class LookupFailure(LookupError):  # noqa: N818  # a name that is not found is no defect
    """The name has no address: `temporary` where a later try might have one (EAI_AGAIN)."""

    def __init__(self, name: str, *, temporary: bool) -> None:
        super().__init__(name)
        self.temporary = temporary


@dataclass(frozen=True, slots=True)
class ResolvConf:
    """What /etc/resolv.conf says."""

    servers: tuple[str, ...] = ()
    search: tuple[str, ...] = ()
    options: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, inside: Inside) -> ResolvConf:
        """Read a container's."""
        servers: list[str] = []
        search: tuple[str, ...] = ()
        options: dict[str, str] = {}
        for line in (inside.files.read("/etc/resolv.conf") or "").splitlines():
            match line.split():
                case ["nameserver", server, *_]:
                    servers.append(server)
                case ["search", *domains]:
                    search = tuple(domains)
                case ["options", *words]:
                    options |= {name: value for name, _, value in (word.partition(":") for word in words)}
        return cls(tuple(servers), search, options)

    @property
    def ndots(self) -> int:
        """How many dots a name needs to be tried as it is first."""
        value = self.options.get("ndots", "")
        return int(value) if value.isdigit() else _DEFAULT_NDOTS

    def candidates(self, name: str) -> list[str]:
        """The absolute names that are tried for a name, in order."""
        bare = name.rstrip(".")
        if name.endswith("."):
            return [bare]
        below = [f"{bare}.{domain}" for domain in self.search]
        return [bare, *below] if bare.count(".") >= self.ndots else [*below, bare]


@dataclass(frozen=True, slots=True)
class Found:
    """What a name led to: the name that has the addresses, and these in the answer's order."""

    name: str
    addresses: list[str]


async def addresses(inside: Inside, name: str) -> list[str]:
    """The IPv4 addresses of a name; see `look_up`."""
    return (await look_up(inside, name)).addresses


async def look_up(inside: Inside, name: str) -> Found:
    """The IPv4 addresses of a name; an address stands for itself.

    Raises:
        LookupFailure: there are none.
    """
    try:
        return Found(name, [str(ipaddress.ip_address(name))])
    except ValueError:
        pass
    known = hosts_entry(inside, name)
    if known:
        return Found(known[1], [known[0]])
    conf = ResolvConf.of(inside)
    candidates = conf.candidates(name)
    if inside.image.libc == "musl" and name.count(".") >= conf.ndots:
        candidates = [name.rstrip(".")]
    failed = False
    for candidate in candidates:
        questions = [Question(candidate, "A"), Question(candidate, "AAAA")]
        heard = await _ask(inside, conf, questions)
        found = records(questions[0])
        if found is not None:
            return found
        rcodes = [question.rcode for question in questions]
        failed = failed or not heard or dns.rcode.SERVFAIL in rcodes
        if _ends_search(inside, rcodes, heard=heard):
            break
    raise LookupFailure(name, temporary=failed)


def hosts_entry(inside: Inside, name: str) -> list[str]:
    """The words of the first line of /etc/hosts that has a name."""
    for line in (inside.files.read("/etc/hosts") or "").splitlines():
        words = line.split("#")[0].split()
        if name in words[1:] and "." in words[0]:
            return words
    return []


def records(question: Question) -> Found | None:
    """The A records of an answer and whose they are; None where there are none."""
    for rrset in question.answer.answer if question.answer is not None else ():
        if rrset.rdtype == dns.rdatatype.A:
            return Found(rrset.name.to_text(omit_final_dot=True), [str(item) for item in rrset])
    return None


async def _ask(inside: Inside, conf: ResolvConf, questions: list[Question]) -> bool:
    """Ask one candidate's questions; False where nobody answered in time."""
    musl = inside.image.libc == "musl"
    servers = conf.servers or ("127.0.0.1",)
    attempts = int(conf.options.get("attempts") or (_MUSL_ATTEMPTS if musl else _GLIBC_ATTEMPTS))
    timeout_s = float(conf.options.get("timeout") or (_MUSL_TIMEOUT_S if musl else _GLIBC_TIMEOUT_S))
    for server in servers:
        exchange = Exchange(
            inside,
            server,
            questions,
            servfail_retries=len(questions) * (_MUSL_SERVFAIL_RETRIES if musl else attempts - 1),
            servfail_is_final=not musl,
        )
        try:
            # musl divides its timeout by the attempts; glibc waits it out for each.
            if await exchange.run(timeout_s / attempts if musl else timeout_s, attempts):
                return True
        except OSError:
            continue
    return False


def _ends_search(inside: Inside, rcodes: list[int | None], *, heard: bool) -> bool:
    if not heard:
        return True
    # musl: only NXDOMAIN lets it go on; glibc goes on after NODATA and SERVFAIL, too.
    return inside.image.libc == "musl" and any(rcode != dns.rcode.NXDOMAIN for rcode in rcodes)
