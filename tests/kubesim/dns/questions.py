"""The questions put to both CoreDNS: a name for each, and its bytes."""

from __future__ import annotations

import dns.edns
import dns.flags
import dns.message
import dns.opcode
import dns.rdataclass

_NAMES = """
A plain.dnscheck.svc.cluster.local
A PLAIN.dnsCheck.svc.Cluster.local
AAAA plain.dnscheck.svc.cluster.local
SRV plain.dnscheck.svc.cluster.local
SRV _http._tcp.plain.dnscheck.svc.cluster.local
SRV _talk._udp.plain.dnscheck.svc.cluster.local
SRV _http._udp.plain.dnscheck.svc.cluster.local
SRV _nope._tcp.plain.dnscheck.svc.cluster.local
SRV http.tcp.plain.dnscheck.svc.cluster.local
A _http._tcp.plain.dnscheck.svc.cluster.local
A _tcp.plain.dnscheck.svc.cluster.local
A named.plain.dnscheck.svc.cluster.local
A 10-244-77-1.plain.dnscheck.svc.cluster.local
ANY plain.dnscheck.svc.cluster.local
MX plain.dnscheck.svc.cluster.local
TXT plain.dnscheck.svc.cluster.local
NS plain.dnscheck.svc.cluster.local
CNAME plain.dnscheck.svc.cluster.local
HTTPS plain.dnscheck.svc.cluster.local
A unnamed.dnscheck.svc.cluster.local
SRV unnamed.dnscheck.svc.cluster.local
A web.dnscheck.svc.cluster.local
AAAA web.dnscheck.svc.cluster.local
SRV web.dnscheck.svc.cluster.local
SRV _web._tcp.web.dnscheck.svc.cluster.local
SRV _web._udp.web.dnscheck.svc.cluster.local
A web-0.web.dnscheck.svc.cluster.local
A WEB-0.web.dnscheck.svc.cluster.local
AAAA web-0.web.dnscheck.svc.cluster.local
SRV web-0.web.dnscheck.svc.cluster.local
SRV _web._tcp.web-0.web.dnscheck.svc.cluster.local
TXT web-0.web.dnscheck.svc.cluster.local
A 10-244-77-10.web.dnscheck.svc.cluster.local
A 10-244-77-12.web.dnscheck.svc.cluster.local
A web-3.web.dnscheck.svc.cluster.local
A web-4.web.dnscheck.svc.cluster.local
AAAA web-4.web.dnscheck.svc.cluster.local
A web-5.web.dnscheck.svc.cluster.local
A x.web-0.web.dnscheck.svc.cluster.local
A a.b.web-0.web.dnscheck.svc.cluster.local
A both.dnscheck.svc.cluster.local
SRV both.dnscheck.svc.cluster.local
SRV _web._tcp.both.dnscheck.svc.cluster.local
SRV _quic._udp.both.dnscheck.svc.cluster.local
A web-0.both.dnscheck.svc.cluster.local
SRV web-0.both.dnscheck.svc.cluster.local
A unready.dnscheck.svc.cluster.local
A u-0.unready.dnscheck.svc.cluster.local
A u-1.unready.dnscheck.svc.cluster.local
A nobody.dnscheck.svc.cluster.local
AAAA nobody.dnscheck.svc.cluster.local
SRV nobody.dnscheck.svc.cluster.local
SRV _web._tcp.nobody.dnscheck.svc.cluster.local
A noport.dnscheck.svc.cluster.local
SRV noport.dnscheck.svc.cluster.local
A n-0.noport.dnscheck.svc.cluster.local
SRV n-0.noport.dnscheck.svc.cluster.local
A external.dnscheck.svc.cluster.local
CNAME external.dnscheck.svc.cluster.local
SRV external.dnscheck.svc.cluster.local
TXT external.dnscheck.svc.cluster.local
A alias.dnscheck.svc.cluster.local
AAAA alias.dnscheck.svc.cluster.local
SRV alias.dnscheck.svc.cluster.local
CNAME alias.dnscheck.svc.cluster.local
A broken-alias.dnscheck.svc.cluster.local
A missing.dnscheck.svc.cluster.local
AAAA missing.dnscheck.svc.cluster.local
SRV missing.dnscheck.svc.cluster.local
A web-0.missing.dnscheck.svc.cluster.local
A plain.nowhere.svc.cluster.local
A nowhere.svc.cluster.local
A dnscheck.svc.cluster.local
SRV dnscheck.svc.cluster.local
A dnscheck-empty.svc.cluster.local
A x.dnscheck-empty.svc.cluster.local
A svc.cluster.local
SRV svc.cluster.local
A pod.cluster.local
A dnscheck.pod.cluster.local
A 10-244-77-10.dnscheck.pod.cluster.local
AAAA 10-244-77-10.dnscheck.pod.cluster.local
A 1-2-3-4.dnscheck.pod.cluster.local
A 1-2-3.dnscheck.pod.cluster.local
A 1-2-3-400.dnscheck.pod.cluster.local
A x.dnscheck.pod.cluster.local
A 1-2-3-4.nowhere.pod.cluster.local
SRV 1-2-3-4.dnscheck.pod.cluster.local
A a.1-2-3-4.dnscheck.pod.cluster.local
AAAA fd00--1.dnscheck.pod.cluster.local
A cluster.local
AAAA cluster.local
SOA cluster.local
NS cluster.local
MX cluster.local
SRV cluster.local
A ns.dns.cluster.local
AAAA ns.dns.cluster.local
A dns.cluster.local
TXT dns-version.cluster.local
TXT DNS-Version.cluster.local
MX dns-version.cluster.local
SRV dns-version.cluster.local
TXT cluster.local
TXT svc.cluster.local
TXT dnscheck.svc.cluster.local
TXT missing.dnscheck.svc.cluster.local
TXT 1-2-3-4.dnscheck.pod.cluster.local
SRV ns.dns.cluster.local
TXT ns.dns.cluster.local
MX ns.dns.cluster.local
CNAME ns.dns.cluster.local
CNAME cluster.local
PTR cluster.local
PTR plain.dnscheck.svc.cluster.local
DS cluster.local
A _udp.cluster.local
A a.b.c.d.plain.dnscheck.svc.cluster.local
A _web._tcp.web.dnscheck.svc.cluster.local
A _web._tcp.external.dnscheck.svc.cluster.local
A x.external.dnscheck.svc.cluster.local
NS in-addr.arpa
TXT in-addr.arpa
A in-addr.arpa
SOA web.dnscheck.svc.cluster.local
SRV _http._tcp.missing.dnscheck.svc.cluster.local
SRV _HTTP._TCP.plain.dnscheck.svc.cluster.local
SRV WEB-0.web.dnscheck.svc.cluster.local
SRV Alias.dnscheck.svc.cluster.local
A Alias.dnscheck.svc.cluster.local
A dns-version.cluster.local
A foo.cluster.local
A *.dnscheck.svc.cluster.local
A any.dnscheck.svc.cluster.local
A *.svc.cluster.local
A web.*.svc.cluster.local
SRV _any._tcp.plain.dnscheck.svc.cluster.local
A plain.dnscheck.cluster.local
A plain.dnscheck.foo.cluster.local
A plain.dnscheck
A plain
A example.org
AAAA example.org
A example.com
A Example.COM
AAAA example.com
A google.com
A www.google.com
A away.dnscheck.svc.cluster.local
AAAA away.dnscheck.svc.cluster.local
CNAME away.dnscheck.svc.cluster.local
SRV away.dnscheck.svc.cluster.local
A local
A .
NS .
PTR 10.77.96.10.in-addr.arpa
PTR 10.77.96.10.IN-ADDR.ARPA
PTR 10.77.244.10.in-addr.arpa
PTR 12.77.244.10.in-addr.arpa
PTR 13.77.244.10.in-addr.arpa
PTR 14.77.244.10.in-addr.arpa
PTR 1.77.244.10.in-addr.arpa
PTR 2.77.244.10.in-addr.arpa
PTR 20.77.244.10.in-addr.arpa
PTR 99.77.96.10.in-addr.arpa
PTR 77.96.10.in-addr.arpa
PTR 5.0.0.127.in-addr.arpa
A 10.77.96.10.in-addr.arpa
SOA in-addr.arpa
PTR in-addr.arpa
PTR x.in-addr.arpa
PTR 1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa
A many-3.many.dnscheck.svc.cluster.local
TYPE65280 plain.dnscheck.svc.cluster.local
SOA missing.dnscheck.svc.cluster.local
SOA nope.nowhere.svc.cluster.local
SOA foo.cluster.local
SOA ns.dns.cluster.local
SOA dns-version.cluster.local
SOA 99.77.96.10.in-addr.arpa
SOA x.in-addr.arpa
SOA 1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa
SOA example.org
NS missing.dnscheck.svc.cluster.local
NS ns.dns.cluster.local
NS dns-version.cluster.local
PTR ns.dns.cluster.local
PTR foo.cluster.local
PTR svc.cluster.local
PTR missing.dnscheck.svc.cluster.local
PTR dns-version.cluster.local
PTR ns.dns.in-addr.arpa
A ns.dns.in-addr.arpa
MX ns.dns.in-addr.arpa
TXT ns.dns.in-addr.arpa
MX 99.77.96.10.in-addr.arpa
TXT dns-version.in-addr.arpa
AXFR cluster.local
IXFR cluster.local
"""


def _query(rtype: str, name: str, **options: object) -> dns.message.QueryMessage:
    query = dns.message.make_query(name if name.endswith(".") else name + ".", rtype, **options)  # type: ignore[arg-type]
    query.id = 0x1234
    return query


def _special() -> dict[str, bytes]:
    web = "web.dnscheck.svc.cluster.local"
    many = "many.dnscheck.svc.cluster.local"
    rows: dict[str, bytes] = {}
    rows["edns 1232"] = _query("A", web, use_edns=0, payload=1232).to_wire()
    rows["edns 100"] = _query("A", web, use_edns=0, payload=100).to_wire()
    rows["edns do"] = _query("A", web, use_edns=0, payload=4096, want_dnssec=True).to_wire()
    rows["edns version 1"] = _query("A", web, use_edns=1, payload=4096).to_wire()
    cookie = dns.edns.GenericOption(dns.edns.OptionType.COOKIE, bytes(8))
    nsid = dns.edns.GenericOption(dns.edns.OptionType.NSID, b"")
    rows["edns cookie"] = _query("A", web, use_edns=0, payload=1232, options=[cookie]).to_wire()
    rows["edns nsid"] = _query("A", web, use_edns=0, payload=1232, options=[nsid]).to_wire()
    rows["edns nxdomain"] = _query("A", "missing." + web, use_edns=0, payload=1232).to_wire()
    rows["edns outside"] = _query("A", "example.org", use_edns=0, payload=1232).to_wire()
    rows["edns outside, known"] = _query("A", "example.com", use_edns=0, payload=1232).to_wire()
    rows["edns alias"] = _query("A", "away.dnscheck.svc.cluster.local", use_edns=0, payload=1232).to_wire()
    unasked = _query("A", "example.com")
    unasked.flags = dns.flags.Flag(0)
    rows["outside without rd"] = unasked.to_wire()
    rows["many plain"] = _query("A", many).to_wire()
    rows["many edns 1232"] = _query("A", many, use_edns=0, payload=1232).to_wire()
    rows["many edns 4096"] = _query("A", many, use_edns=0, payload=4096).to_wire()
    rows["many srv plain"] = _query("SRV", many).to_wire()
    rows["many srv edns 1232"] = _query("SRV", many, use_edns=0, payload=1232).to_wire()
    rows["many srv edns 65535"] = _query("SRV", many, use_edns=0, payload=65535).to_wire()
    for name, flags in (
        ("no rd", 0),
        ("rd cd ad", dns.flags.RD | dns.flags.CD | dns.flags.AD),
        ("aa ra tc", dns.flags.AA | dns.flags.RA | dns.flags.TC),
        ("qr", dns.flags.QR),
    ):
        query = _query("A", web)
        query.flags = dns.flags.Flag(flags)
        rows["flags " + name] = query.to_wire()
    return rows | _opcodes_and_classes(web) | _damaged(_query("A", web).to_wire())


def _opcodes_and_classes(web: str) -> dict[str, bytes]:
    rows: dict[str, bytes] = {}
    status = _query("A", web)
    status.set_opcode(dns.opcode.STATUS)
    rows["opcode status"] = status.to_wire()
    notify = _query("A", web)
    notify.set_opcode(dns.opcode.NOTIFY)
    rows["opcode notify"] = notify.to_wire()
    update = _query("A", web)
    update.set_opcode(dns.opcode.UPDATE)
    rows["opcode update"] = update.to_wire()
    rows["class ch"] = _query("A", web, rdclass=dns.rdataclass.CH).to_wire()
    rows["class ch version.bind"] = _query("TXT", "version.bind", rdclass=dns.rdataclass.CH).to_wire()
    rows["class any"] = _query("A", web, rdclass=dns.rdataclass.ANY).to_wire()
    return rows


def _damaged(one: bytes) -> dict[str, bytes]:
    rows: dict[str, bytes] = {}
    question = one[12:]
    rows["no question"] = one[:4] + bytes(8)
    rows["two questions"] = one[:4] + b"\0\2" + one[6:12] + question + question
    rows["header only, one question promised"] = one[:12]
    rows["half a question"] = one[:20]
    rows["eleven bytes"] = one[:11]
    rows["one byte"] = one[:1]
    rows["empty"] = b""
    rows["trailing garbage"] = one + b"garbage"
    rows["pointer loop"] = one[:12] + b"\xc0\x0c\0\1\0\1"
    rows["label of 64"] = one[:12] + b"\x40" + b"a" * 64 + b"\0\0\1\0\1"
    rows["name of 256"] = one[:12] + (b"\x3f" + b"a" * 63) * 4 + b"\0\0\1\0\1"
    rows["name of 255"] = one[:12] + (b"\x3f" + b"a" * 63) * 3 + b"\x3d" + b"a" * 61 + b"\0\0\1\0\1"
    rows["binary label"] = one[:12] + b"\3\0\xff.\3web\0\0\1\0\1"
    rows["dot in label"] = one[:12] + b"\5web.x\3web\x08dnscheck\3svc\7cluster\5local\0\0\1\0\1"
    rows["answer promised"] = one[:6] + b"\0\1" + one[8:]
    return rows


def questions() -> dict[str, bytes]:
    """Every question's bytes, by a name that says what it asks."""
    rows = {line: _query(*line.split()).to_wire() for line in _NAMES.split("\n") if line}
    return rows | _special()
