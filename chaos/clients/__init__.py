"""Real client libraries of databases, led through a vantage, from this process only; agents never have them.

One file per kind of client, imported when it is used:

- `mysql.py` and `redis.py` know their library: how its connections are opened through a `Dialer`, so that names are
  found by cluster DNS and streams go where probes go.
- A kind that is to be sampled (`Clients.watch`, `Clients.sample`, `Clients.ask`) has a subclass of
  `chaos.clients.session.Session` there and a row in `chaos.clients.clients.KINDS`: it logs in on a stream that is open
  already, asks one question, and tells an `Outcome` for each of its library's errors. Resolving, connecting, timeouts,
  schedules, long-lived connections and what is written into the history come from `session.py` and `sampler.py`.
"""

from chaos.clients.clients import Clients
from chaos.clients.dialer import Dialer
from chaos.clients.session import Login, Reply

__all__ = ["Clients", "Dialer", "Login", "Reply"]
