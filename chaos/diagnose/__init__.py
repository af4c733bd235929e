"""Finds faults of network identity, in a cluster or in manifests, without changing anything."""

from chaos.diagnose.diagnosis import Diagnosis, check_statefulset, diagnose, diagnose_again
from chaos.diagnose.files import read_files
from chaos.diagnose.finding import Finding, NotChecked, Reference, Repair, Severity
from chaos.diagnose.reading import read_namespace
from chaos.diagnose.view import Item, View

__all__ = [
    "Diagnosis",
    "Finding",
    "Item",
    "NotChecked",
    "Reference",
    "Repair",
    "Severity",
    "View",
    "check_statefulset",
    "diagnose",
    "diagnose_again",
    "read_files",
    "read_namespace",
]
