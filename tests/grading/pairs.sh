#!/usr/bin/env bash
# The verifiers on generated pairs: none falsely equal, at least 98 % of the equal ones found.
BUILD=$1
here=$(cd "$(dirname "$0")" && pwd)
exec /usr/bin/python3 "$here/table.py" --etreerpo "$BUILD/etreerpo" --seeds 1,2,3 --failures 2
