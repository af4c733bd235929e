"""getent hosts NAME: what the C library makes of a name."""

from __future__ import annotations

from kubesim.containers.call import Call
from kubesim.containers.resolver import LookupFailure, hosts_entry, look_up

_NOT_FOUND = 2


async def getent(call: Call) -> int:
    """`getent hosts|ahosts|ahostsv4 NAMES`."""
    database, names = (call.argv[1], call.argv[2:]) if len(call.argv) > 1 else ("", ())
    if database not in ("hosts", "ahosts", "ahostsv4"):
        call.err(f"getent: the sandbox knows the database hosts, not {database!r}\n")
        return 1
    code = 0
    for name in names:
        entry = hosts_entry(call.inside, name)
        try:
            found = await look_up(call.inside, name)
        except LookupFailure:
            code = _NOT_FOUND
            continue
        if entry:
            call.out(f"{entry[0]:<15} {' '.join(entry[1:])}\n")
        elif database == "hosts":
            call.out("".join(f"{address:<15} {found.name}\n" for address in found.addresses))
        else:
            kinds = ("STREAM", "DGRAM", "RAW")
            call.out(
                "".join(
                    f"{address:<15} {kind:<6} {name if first and kind == 'STREAM' else ''}\n"
                    for first, address in ((i == 0, a) for i, a in enumerate(found.addresses))
                    for kind in kinds
                )
            )
    return code
