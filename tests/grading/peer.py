"""Grades pairs with math-verify: peer.py FILE.jsonl > rewards, one a line, in order.

Run by a Python that has math-verify (table.py --peer).  A gold answer is given to it in
a box, as its documentation advises; what it cannot read counts as unequal.
"""
import json
import logging
import sys
from multiprocessing import Pool

from math_verify import parse, verify

logging.disable(logging.CRITICAL)


def graded(row):
    try:
        gold = row["gold"] if "boxed" in row["gold"] else "$\\boxed{%s}$" % row["gold"]
        return int(verify(parse(gold, parsing_timeout=2), parse(row["reply"], parsing_timeout=2), timeout_seconds=2))
    except Exception:  # whatever it raises is no reward
        return 0


def main():
    with open(sys.argv[1]) as lines:
        rows = [json.loads(line) for line in lines]
    with Pool() as pool:
        for reward in pool.imap(graded, rows, chunksize=16):
            print(reward)


if __name__ == "__main__":
    main()
