#!/usr/bin/python3
"""Grades generated pairs by `etreerpo grade` and prints what was right, by family.

    table.py --etreerpo PROGRAM [--pairs N] [--per-rule N] [--seeds 1,2] [--family NAME]
             [--rows FILE ...] [--peer PYTHON] [--peer-pairs N] [--failures N]

A Python that has math-verify (--peer) adds its columns, over the same pairs or, with
--peer-pairs, a sample of them.  The last line sums up; the exit status is 0 where no
pair was falsely equal and 98 % of the equal ones were found equal.
"""
import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from collections import defaultdict

sys.dont_write_bytecode = True
from generate import rows as generated  # noqa: E402

NEEDED = 0.98


class Count:
    """Equal and unequal pairs, and those that a grader got wrong."""

    def __init__(self):
        self.equal = self.found = self.unequal = self.false = 0

    def add(self, equal, reward):
        if equal:
            self.equal += 1
            self.found += reward
        else:
            self.unequal += 1
            self.false += reward

    def cells(self):
        share = f"{100 * self.found / self.equal:6.1f} %" if self.equal else "       -"
        return f"{share} {self.false:6d}"


def graded(program, rows):
    """Rewards of the rows, and what was read and why, by `etreerpo grade`."""
    with tempfile.TemporaryDirectory() as folder:
        source, out = os.path.join(folder, "pairs.jsonl"), os.path.join(folder, "graded.jsonl")
        write(source, rows)
        done = subprocess.run([program, "grade", source, "--out", out], capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"etreerpo grade: exit {done.returncode}: {done.stderr.strip()[-400:]}")
        with open(out) as lines:
            back = [json.loads(line) for line in lines]
    if len(back) != len(rows):
        sys.exit(f"etreerpo grade: {len(back)} rows for {len(rows)}")
    return back


def write(path, rows):
    with open(path, "w") as out:
        for row in rows:
            out.write(json.dumps({k: row[k] for k in ("gold", "reply", "verifier")}) + "\n")


def peer_rewards(python, rows):
    """math-verify's rewards, or None and a line that says why not."""
    with tempfile.TemporaryDirectory() as folder:
        source = os.path.join(folder, "pairs.jsonl")
        write(source, rows)
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "peer.py")
        done = subprocess.run([python, script, source], capture_output=True, text=True)
    if done.returncode != 0:
        print(f"math-verify: skipped, {(done.stderr.strip().splitlines() or ['no reason given'])[-1]}")
        return None
    return [int(line) for line in done.stdout.split()]


def read(path):
    """Hand-written pairs: gold, reply, equal, and perhaps family, rule, verifier."""
    with open(path) as lines:
        out = [json.loads(line) for line in lines if line.strip()]
    for row in out:
        row.setdefault("family", os.path.basename(path).split(".")[0])
        row.setdefault("rule", row["gold"])
        row.setdefault("verifier", "math")
    return out


def collect(a):
    rows = [row for path in a.rows for row in read(path)]
    if not a.rows:
        for seed in a.seeds.split(","):
            rows += generated(int(seed), a.per_rule, a.pairs // len(a.seeds.split(",")), a.family)
    return rows


def tabulate(rows, verdicts, sample, peer):
    ours, theirs = defaultdict(Count), defaultdict(Count)
    for row, verdict in zip(rows, verdicts):
        for key in (row["family"], None):
            if row["equal"] is not None:
                ours[key].add(row["equal"], int(verdict["reward"] == 1))
    for i, reward in zip(sample, peer or []):
        for key in (rows[i]["family"], None):
            if rows[i]["equal"] is not None:
                theirs[key].add(rows[i]["equal"], reward)
    families = list(dict.fromkeys(row["family"] for row in rows if row["equal"] is not None))
    head = f"{'':28s} {'rules':>6s} {'equal':>6s} {'uneq.':>6s} | {'ours':>8s} {'false=':>6s}"
    print(head + (f" | {'math-v.':>8s} {'false=':>6s}" if peer else ""))
    for family in [*families, None]:
        n = len({(row["family"], row["rule"]) for row in rows if family in (None, row["family"]) and row["equal"] is not None})
        c = ours[family]
        line = f"{family or 'all':28s} {n:6d} {c.equal:6d} {c.unequal:6d} | {c.cells()}"
        print(line + (f" | {theirs[family].cells()}" if peer else ""))
    return ours[None], theirs[None]


def conventions(rows, verdicts, sample, peer):
    """Rules on which graders differ: shares found equal, not counted."""
    n, ours, theirs, seen = defaultdict(int), defaultdict(int), defaultdict(int), defaultdict(int)
    for row, verdict in zip(rows, verdicts):
        if row["equal"] is None:
            n[row["rule"]] += 1
            ours[row["rule"]] += int(verdict["reward"] == 1)
    for i, reward in zip(sample, peer or []):
        if rows[i]["equal"] is None:
            seen[rows[i]["rule"]] += 1
            theirs[rows[i]["rule"]] += reward
    if n:
        print("conventions, not counted: taken as equal by us" + (", by math-verify" if peer else ""))
    for rule in n:
        line = f"  {rule:60s} {100 * ours[rule] / n[rule]:5.0f} %"
        print(line + (f" {100 * theirs[rule] / seen[rule]:5.0f} %" if seen[rule] else ""))


def failures(rows, verdicts, most):
    """The rules that failed, false equals first, with their shortest pairs."""
    wrong, n = defaultdict(list), defaultdict(int)
    for row, verdict in zip(rows, verdicts):
        key = (row["equal"] is True, row["family"], row["rule"])
        n[key] += 1
        if row["equal"] is not None and row["equal"] != (verdict["reward"] == 1):
            wrong[key].append((row, verdict))
    for key in sorted(wrong, key=lambda k: (k[0], -len(wrong[k]) / n[k])):
        print(f"\n{'FALSE UNEQUAL' if key[0] else 'FALSE EQUAL'} {key[1]}: {key[2]} ({len(wrong[key])} of {n[key]})")
        for row, verdict in sorted(wrong[key], key=lambda rv: len(rv[0]["gold"]) + len(rv[0]["reply"]))[:most]:
            print(f"    gold {row['gold']!r:40s} reply {row['reply'][:300]!r}  [{row['verifier']}; read "
                  f"{verdict.get('extracted')!r}: {verdict.get('reason')}]")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--etreerpo", required=True)
    p.add_argument("--seeds", default="1")
    p.add_argument("--pairs", type=int, default=0)
    p.add_argument("--per-rule", type=int, default=1)
    p.add_argument("--family")
    p.add_argument("--rows", nargs="*", default=[])
    p.add_argument("--peer")
    p.add_argument("--peer-pairs", type=int, default=0)
    p.add_argument("--failures", type=int, default=0)
    a = p.parse_args()
    rows = collect(a)
    verdicts = graded(a.etreerpo, rows)
    sample = list(range(len(rows)))
    if a.peer_pairs and a.peer_pairs < len(rows):
        sample = sorted(random.Random(1).sample(sample, a.peer_pairs))
    peer = peer_rewards(a.peer, [rows[i] for i in sample]) if a.peer else None
    if a.failures:
        failures(rows, verdicts, a.failures)
        print()
    ours, theirs = tabulate(rows, verdicts, sample, peer)
    conventions(rows, verdicts, sample, peer)
    if peer:
        print(f"math-verify: {theirs.false} false equal of {theirs.unequal}, {theirs.found} of {theirs.equal} found equal")
    share = ours.found / max(1, ours.equal)
    print(f"{ours.equal + ours.unequal} pairs: {ours.false} false equal of {ours.unequal}, "
          f"{100 * share:.2f} % of {ours.equal} found equal")
    sys.exit(0 if ours.false == 0 and share >= NEEDED and ours.equal and ours.unequal else 1)


if __name__ == "__main__":
    main()
