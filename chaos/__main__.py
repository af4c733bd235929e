"""`python -m chaos`, and the entry point of the scripts."""

from chaos.cli import before  # first: it takes Ctrl-C over
from chaos.cli.main import main

__all__ = ["before", "main"]

if __name__ == "__main__":
    main()
