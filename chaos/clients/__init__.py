"""Real client libraries of databases, led through a vantage; one file per kind of client, each imported when used."""

from chaos.clients.clients import Clients
from chaos.clients.dialer import Dialer

__all__ = ["Clients", "Dialer"]
