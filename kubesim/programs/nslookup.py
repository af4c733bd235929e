"""nslookup of busybox 1.35, to the letter of its output.

It does not ask the C library: it reads /etc/resolv.conf itself, uses the search list for names *without a dot* only
(whatever ndots says), and then asks for all of the list at once. Answers are printed in the order in which they come.
"""

from __future__ import annotations

import ipaddress
import re

import dns.flags
import dns.rcode
import dns.rdatatype
import dns.reversename

from kubesim.containers.call import Call
from kubesim.containers.exchange import Exchange, Question
from kubesim.containers.resolver import LookupFailure, ResolvConf, addresses

_TYPES = ("soa", "ns", "a", "aaaa", "cname", "mx", "txt", "ptr", "srv", "any")
_TIMEOUT_S, _RETRIES = 5.0, 2  # its default: the question again after half of the time
_USAGE = (
    "BusyBox v1.35.0 multi-call binary.\n\nUsage: nslookup [-type=QUERY_TYPE] [-debug] HOST [DNS_SERVER]\n\n"
    "Query DNS about HOST\n\nQUERY_TYPE: soa,ns,a,aaaa,cname,mx,txt,ptr,srv,any\n"
)


async def nslookup(call: Call) -> int:
    """`nslookup [-type=TYPE] NAME [SERVER]`."""
    types = [m[1].lower() for word in call.argv[1:] if (m := re.fullmatch(r"-(?:type|querytype|q)=(\w+)", word))]
    words = [word for word in call.argv[1:] if not word.startswith("-")]
    unknown = [name for name in types if name not in _TYPES]
    if unknown:
        call.err(f'nslookup: invalid query type "{unknown[0]}"\n')
        return 1
    if not 1 <= len(words) <= 2:  # noqa: PLR2004 - a name, and perhaps a server
        call.err(_USAGE)
        return 1
    conf = ResolvConf.of(call.inside)
    servers = await _servers(call, conf, words[1:])
    if not servers:
        return 1
    questions = _questions(words[0], [name.upper() for name in types], conf)
    return await _Lookup(call, explicit=bool(types)).run(servers, questions)


async def _servers(call: Call, conf: ResolvConf, named: list[str]) -> list[str]:
    if not named:
        return list(conf.servers) or ["127.0.0.1"]
    try:
        return (await addresses(call.inside, named[0]))[:1]
    except LookupFailure:
        call.err(f"nslookup: bad address '{named[0]}'\n")
        return []


def _questions(name: str, types: list[str], conf: ResolvConf) -> list[Question]:
    if not types:
        try:
            pointer = dns.reversename.from_address(str(ipaddress.ip_address(name))).to_text(omit_final_dot=True)
            return [Question(pointer, "PTR")]
        except ValueError:
            types = ["A", "AAAA"]
    return [
        Question(full, rtype)
        for rtype in types
        for full in ([name] if "." in name or rtype == "PTR" or not conf.search else _searched(name, conf))
    ]


def _searched(name: str, conf: ResolvConf) -> list[str]:
    return [f"{name}.{domain}" for domain in conf.search]


class _Lookup:
    def __init__(self, call: Call, *, explicit: bool) -> None:
        self._call = call
        self._explicit = explicit
        self._server = ""
        self._said_server = False
        self._failed = False

    async def run(self, servers: list[str], questions: list[Question]) -> int:
        for server in servers:
            self._server = server
            exchange = Exchange(
                self._call.inside, server, questions, servfail_retries=len(questions), heard=self._heard
            )
            try:
                await exchange.run(_TIMEOUT_S / _RETRIES, _RETRIES)
            except OSError as exc:
                self._call.err(f"nslookup: write to '{server}': {exc.strerror}\n")
            if self._said_server:
                break
        if not self._said_server:
            self._call.out(";; connection timed out; no servers could be reached\n\n")
            return 1
        return int(self._failed)

    def _heard(self, question: Question) -> None:
        out = self._call.out
        if not self._said_server:
            self._said_server = True
            out(f"Server:\t\t{self._server}\nAddress:\t{self._server}:53\n\n")
        answer = question.answer
        if answer is None:
            return
        if question.rcode:
            out(f"** server can't find {question.name}: {dns.rcode.to_text(answer.rcode())}\n\n")
            self._failed = True
            return
        if answer.answer and not answer.flags & dns.flags.AA:
            out("Non-authoritative answer:\n")
        for rrset in answer.answer:
            name = rrset.name.to_text(omit_final_dot=True)
            for item in rrset:
                out(_shown(name, rrset.rdtype, item.to_text()))
        out("\n")


_FORMS = {
    "A": "Name:\t{name}\nAddress: {value}\n",
    "AAAA": "Name:\t{name}\nAddress: {value}\n",
    "CNAME": "{name}\tcanonical name = {value}\n",
    "NS": "{name}\tnameserver = {value}\n",
    "PTR": "{name}\tname = {value}\n",
    "SRV": "{name}\tservice = {value}\n",
    "TXT": "{name}\ttext = {value}\n",
}


def _shown(name: str, rtype: dns.rdatatype.RdataType, value: str) -> str:
    kind = dns.rdatatype.to_text(rtype)
    form = _FORMS.get(kind, "{name}\t{kind} = {value}\n")
    return form.format(name=name, value=value.rstrip("."), kind=kind.lower())
