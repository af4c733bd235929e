"""Programs that say where they are: hostname, pwd, whoami."""

from __future__ import annotations

from kubesim.containers.call import Call
from kubesim.containers.resolver import LookupFailure, addresses, hosts_entry


async def hostname(call: Call) -> int:
    """`hostname [-f|-s|-i|-d]`; the long name is the first one of its line in /etc/hosts, as resolvers see it."""
    inside = call.inside
    name = inside.hostname
    flag = call.argv[1] if len(call.argv) > 1 else ""
    if not flag:
        call.out(f"{name}\n")
        return 0
    words = hosts_entry(inside, name)
    if flag in ("-s", "--short"):
        call.out(f"{name.split('.')[0]}\n")
    elif flag in ("-i", "-I", "--ip-address"):
        try:
            found = words[:1] or await addresses(inside, name)
        except LookupFailure:
            call.err(f"hostname: {name}: Name or service not known\n")
            return 1
        call.out(f"{found[0]}\n")
    elif flag in ("-f", "--fqdn"):
        call.out(f"{words[1] if words else name}\n")
    elif flag in ("-d", "--domain"):
        call.out(f"{(words[1] if words else name).partition('.')[2]}\n")
    else:
        call.err(f"hostname: invalid option {flag!r}\n")
        return 1
    return 0


async def pwd(call: Call) -> int:
    """`pwd`."""
    call.out(f"{call.folder}\n")
    return 0


async def whoami(call: Call) -> int:
    """`whoami`."""
    call.out("root\n")
    return 0
