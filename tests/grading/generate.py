#!/usr/bin/python3
"""Writes pairs of answers with their truth, one JSON object a line.

    generate.py [--seed N] [--per-rule N] [--pairs N] [--family NAME] [--out FILE]
"""
import argparse
import json
import sys

from grammar import rules


def rows(seed, per_rule, pairs=0, family=None):
    """Rows of every rule; `pairs`: at least so many in all."""
    chosen = [rule for rule in rules() if family in (None, rule.family)]
    rounds = max(per_rule, -(-pairs // len(chosen)))
    for rule in chosen:
        for instance in range(rounds):
            yield rule.pair(seed, instance)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--per-rule", type=int, default=1)
    p.add_argument("--pairs", type=int, default=0)
    p.add_argument("--family")
    p.add_argument("--out")
    a = p.parse_args()
    with open(a.out, "w") if a.out else sys.stdout as out:
        for row in rows(a.seed, a.per_rule, a.pairs, a.family):
            out.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
