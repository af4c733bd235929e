r"""What the runner and an agent say to each other: one JSON object a line, over one exec stream.

Runner to agent:

| line                                        | meaning                                                             |
|---------------------------------------------|---------------------------------------------------------------------|
| `{"hello": 3, "have", "views", "timeout_s"}` | begins a conversation, or takes it up again after a cut             |
| `{"ping": n, "have": k}`                    | read your clock and send what was sampled; batches up to k are here |
| `{"do": n, "what": …}`                      | command n: `open` a series, `close` it, `pace` some, `stop` all     |
| `{"resolve": n, …}`                         | one DNS query, at once                                              |
| `{"count": n}`                              | send the counters                                                   |
| `{"bye": 1}`                                | end                                                                 |

Agent to runner:

| line                                        | meaning                                                             |
|---------------------------------------------|---------------------------------------------------------------------|
| `{"hello": 3, "done", "python", …}`         | who it is; commands up to `done` were carried out                   |
| `{"pong": n, "at": ns, "done": n}`          | its clock when it read the ping; `late`: answers that came too late |
| `{"batch": k, "ping": n, "until": ns, …}`    | what was sampled until it read ping n, at that instant of its clock |
| `{"resolved": n, "outcome"}`, `{"counted": n, "counters"}` | answers                                              |
| `{"problem": text}`                         | it cannot go on                                                     |

Commands and batches are numbered, kept until the other side says that it has them, and sent again after a cut; what
comes twice is recognised by its number. So nothing is lost while both processes live, and nothing counts twice.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from chaos.model import Outcome

# Goes up when either side would no longer understand the other; both come from one version, except after an upgrade
# in the middle of a run.
VERSION = 3

Message = dict[str, Any]


def encode(message: Message) -> bytes:
    """One line."""
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"


def decode(line: bytes) -> Message:
    """The object of a line.

    Raises:
        ValueError: it is none.
    """
    message = json.loads(line)
    if not isinstance(message, dict):
        raise ValueError(f"{line[:80]!r} is not an object")  # noqa: TRY004 - of the line's content
    return message


def outcome_fields(outcome: Outcome) -> dict[str, Any]:
    """An outcome without the fields that have their default."""
    empty = asdict(Outcome(""))
    return {key: value for key, value in asdict(outcome).items() if value != empty[key]}


def outcome_from(fields: dict[str, Any]) -> Outcome:
    """The inverse of `outcome_fields`."""
    known = dict(fields)
    for key in ("values", "additional", "srv"):
        known[key] = tuple(fields.get(key, ()))
    return Outcome(**known)
