"""A standalone Redis 7.0 server in real RESP. It refuses what it does not model, and says so."""
