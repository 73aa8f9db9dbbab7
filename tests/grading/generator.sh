#!/usr/bin/env bash
# The generator itself: the same pairs again, rules enough, and a grader that is wrong fails.
BUILD=$1
here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d "${TMPDIR:-/tmp}/etreerpo-grading.XXXXXX") || exit 1
trap 'rm -rf "$scratch"' EXIT
failures=0
complain() { echo "FAILED: $*" && failures=$((failures + 1)); }
export PYTHONDONTWRITEBYTECODE=1
generate() { /usr/bin/python3 "$here/generate.py" "$@"; }

generate --seed 5 --out "$scratch/a" || complain "no pairs"
generate --seed 5 --out "$scratch/b" && generate --seed 6 --out "$scratch/c"
cmp -s "$scratch/a" "$scratch/b" || complain "a seed gives other pairs the second time"
cmp -s "$scratch/a" "$scratch/c" && complain "two seeds give the same pairs"
rules=$(sed 's/.*"family": \("[^"]*"\), "rule": \("\([^"\\]\|\\.\)*"\).*/\1 \2/' "$scratch/a" | sort | uniq -c)
[ "$(wc -l <<<"$rules")" -ge 1000 ] || complain "$(wc -l <<<"$rules") rules"
awk '$1 > 1 { print; bad = 1 } END { exit bad }' <<<"$rules" || complain "two rules of one name"

# A grader that finds all equal, one that finds none, and one that loses a row.
for wrong in 1.0 0.0; do
    cat >"$scratch/grader" <<END
#!/bin/sh
sed 's/}\$/, "reward": $wrong, "extracted": null, "reason": ""}/' "\$2" >"\$4"
END
    chmod +x "$scratch/grader"
    /usr/bin/python3 "$here/table.py" --etreerpo "$scratch/grader" >"$scratch/out" 2>&1 &&
        complain "a grader that always says $wrong passes"
    grep -q ' pairs: ' "$scratch/out" || complain "no figures: $(tail -n 1 "$scratch/out")"
done
printf '#!/bin/sh\nsed 1d "$2" >"$4"\n' >"$scratch/grader"
/usr/bin/python3 "$here/table.py" --etreerpo "$scratch/grader" >"$scratch/out" 2>&1 && complain "a lost row passes"
[ "$failures" -eq 0 ] || exit 1
echo "$(wc -l <"$scratch/a") rules; graders that are wrong fail"
