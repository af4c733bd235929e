"""A MySQL server as far as experiments need one: the real wire protocol, a small part of SQL, replication by statement.

What it does not know it refuses with a MySQL error; it never answers by guessing.
"""
