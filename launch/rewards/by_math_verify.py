#!/usr/bin/env python3
"""Hugging Face's math-verify as the verifier: verifier.command: [venv/bin/python, launch/rewards/by_math_verify.py]"""
import json
import sys

from math_verify import parse, verify

for line in sys.stdin:
    asked = json.loads(line)
    row = asked["problem"]
    gold = str(row.get("answer") or row["solution"]).split("####")[-1].strip()
    gold = parse(gold if "\\boxed" in gold else f"\\boxed{{{gold}}}")
    told = {"reward": float(verify(gold, parse(asked["reply"])))} if asked["whole"] else {"verdict": "unknown"}
    print(json.dumps({"id": asked["id"], **told}))
