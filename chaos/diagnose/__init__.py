"""Finds faults of network identity, in a cluster or in manifests, without changing anything."""

from chaos.diagnose.diagnosis import Diagnosis, Ignored, check_statefulset, diagnose, diagnose_again
from chaos.diagnose.diagnostic import Diagnostic, NotChecked, Reference, Repair, Severity
from chaos.diagnose.files import read_files
from chaos.diagnose.ignores import ignoring, read_ignores
from chaos.diagnose.snapshot import Item, Snapshot

__all__ = [
    "Diagnosis",
    "Diagnostic",
    "Ignored",
    "Item",
    "NotChecked",
    "Reference",
    "Repair",
    "Severity",
    "Snapshot",
    "check_statefulset",
    "diagnose",
    "diagnose_again",
    "ignoring",
    "read_files",
    "read_ignores",
]
