#!/usr/bin/env bash
# The partial verifier of code, case by case.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
python=${PYTHON:-/usr/bin/python3}
command -v "$python" >/dev/null || { echo "skipped: no $python"; exit 77; }
PYTHONDONTWRITEBYTECODE=1 "$python" "$root/tests/unit/judge/prefix_cases.py" "$root/common/judge"
