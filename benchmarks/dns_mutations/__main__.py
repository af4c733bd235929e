"""`python -m benchmarks.dns_mutations --answers 1000000 --seed 1`: exit code 1 where one raised or counted wrongly."""

from __future__ import annotations

import argparse
import sys

from benchmarks.dns_mutations.attack import attack


def main() -> int:
    """Attack, and print what came of it."""
    parser = argparse.ArgumentParser(description="Puts mutated DNS answers to a prober.")
    parser.add_argument("--answers", type=int, default=100_000, help="how many")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    result = attack(given.answers, given.seed)
    for line in result.shown:
        print(line)
    counted = ", ".join(f"{number} {what}" for what, number in sorted(result.counted.items()))
    print(
        f"{given.answers} answers, seed {given.seed}: {result.raised} raised, {result.wrong} counted wrongly, "
        f"{result.missed} of {result.looked} looked at establish something and counted as nothing; counted as {counted}"
    )
    return 1 if result.raised or result.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
