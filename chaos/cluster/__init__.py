"""The only package that talks to a Kubernetes API: connecting, reading, watching, and changing with an undo."""

from chaos.cluster.changes import Changes
from chaos.cluster.client import Cluster
from chaos.cluster.connection import ClusterAddress, connect
from chaos.cluster.journal import Journal, UndoEntry
from chaos.cluster.watch import NamespaceLooks, Watcher

__all__ = ["Changes", "Cluster", "ClusterAddress", "Journal", "NamespaceLooks", "UndoEntry", "Watcher", "connect"]
