"""What methods write down for the named checkers and questions about identity."""

from __future__ import annotations

from chaos.analysis.notes import Note


class Contrast(Note):
    """What became of a Deployment's pod that was deleted.

    Attributes:
        deployment: its name.
        deleted: the pod that was deleted.
        replacement: the pod that came for it.
        per_pod_record: status of the query for the deleted pod's own name, while it was there.
        replacement_record: the same of the new one.
        address_shaped_record: the same of the name that is made of the deleted pod's address.
    """

    deployment: str
    deleted: str
    replacement: str
    per_pod_record: str
    replacement_record: str
    address_shaped_record: str


class Inside(Note):
    """What a command in a pod's container said of who it is.

    Attributes:
        pod: that was asked.
        uid: of it.
        said: what the command printed.
        exit_code: of the command.
        problem: the beginning of what it said of an error.
    """

    pod: str
    uid: str
    said: str
    exit_code: int
    problem: str
