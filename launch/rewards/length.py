#!/usr/bin/env python3
"""The last number must be the answer; the shorter the reply, the better (data.verifier: program)."""
import json
import re
import sys

for line in sys.stdin:
    asked = json.loads(line)  # {"id": 7, "problem": {all of the row}, "reply": "...", "whole": true}
    reply, gold = asked["reply"], str(asked["problem"]["answer"]).split("####")[-1].strip()
    numbers = re.findall(r"-?\d+(?:\.\d+)?", reply.replace(",", ""))
    right = bool(numbers) and numbers[-1] == gold.replace(",", "")
    if asked["whole"]:
        told = {"reward": right * (1 - 0.5 * min(len(reply), 400) / 400)}
    else:  # a part, where cutoff.mode is on: can it still become right?
        told = {"verdict": "invalid" if len(reply) > 400 else "unknown"}
    print(json.dumps({"id": asked["id"], **told}))
