"""What the partial verifiers of early cutoff find, and what they accuse wrongly.

    partial_verifiers.py math BENCH DATA   BENCH: the program bench_partial_verifiers
    partial_verifiers.py code DATA [N]     N: only the first N programs of each set

math: over model solutions of GSM8K's test problems, the share of solutions called
invalid that are wrong (precision) and of wrong ones that are called invalid (recall);
over the reference solutions, how many are called invalid.
code: over every line prefix of the reference programs of HumanEval and MBPP, how many
are called "fail"; over mutants that fail their tests, how many are called "fail" before
their last line, after which part of their text, and how many with their last line.
Runs the programs of those sets without a sandbox, in child processes.
"""

import ast
import collections
import gzip
import json
import os
import random
import resource
import signal
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "common", "judge"), HERE]

import mutate
import prefix

REFERENCE_SECONDS, MUTANT_SECONDS = 5.0, 0.5
CHILDREN = 2


def rows(path):
    opened = gzip.open if path.endswith(".gz") else open
    with opened(path, "rt", encoding="utf-8", newline="\n") as file:
        return [json.loads(line) for line in file]


# Arithmetic.

def verdicts(bench, texts):
    data = b"".join(b"%d\n%s" % (len(t), t) for t in (t.encode() for t in texts))
    answer = subprocess.run([bench], input=data, stdout=subprocess.PIPE, check=True)
    lines = answer.stdout.decode().split()
    assert len(lines) == len(texts)
    return lines


def model_solutions(data):
    return [(row[model]["solution"] + "\n", row[model]["is_correct"])
            for row in rows(os.path.join(data, "gsm8k/example_model_solutions.jsonl"))
            for model in row if isinstance(row[model], dict)]


def references(data):
    return [row["answer"] + "\n" for part in ("train", "test")
            for row in rows(os.path.join(data, f"gsm8k/{part}.jsonl"))]


def accused_lines(bench, texts):
    lines = [line + "\n" for text in texts for line in text.split("\n") if line]
    return [line for line, v in zip(lines, verdicts(bench, lines)) if v[2] == "I"]


def measure_math(bench, data):
    solutions, right = model_solutions(data), references(data)
    found = verdicts(bench, [text for text, _ in solutions])
    of_right = verdicts(bench, right)
    wrong = sum(not correct for _, correct in solutions)
    print(f"{len(solutions)} model solutions, {wrong} of them wrong; "
          f"{len(right)} reference solutions")
    print(f"{'by':<12}{'invalid':>8}{'precision':>11}{'recall':>8}{'valid':>7}"
          f"{'references called invalid':>27}")
    for i, name in enumerate(("annotations", "equations", "both")):
        flags = [not ok for (_, ok), v in zip(solutions, found) if v[i] == "I"]
        print(f"{name:<12}{len(flags):>8}{sum(flags) / max(1, len(flags)):>11.3f}"
              f"{sum(flags) / wrong:>8.3f}{sum(v[i] == 'V' for v in found):>7}"
              f"{sum(v[i] == 'I' for v in of_right):>27}")
    for line in accused_lines(bench, [t for t, v in zip(right, of_right) if v[2] == "I"]):
        print("reference:", line, end="")


# Programs.

Program = collections.namedtuple("Program", "set name prompt body setup tests entry")


def human_eval(data):
    for row in rows(os.path.join(data, "humaneval/HumanEval.jsonl.gz")):
        tests = row["test"] + f"\ncheck({row['entry_point']})\n"
        yield Program("HumanEval", row["task_id"], row["prompt"],
                      row["canonical_solution"], "", tests, row["entry_point"])


def mbpp(data):
    for row in rows(os.path.join(data, "mbpp/mbpp.jsonl")):
        body = row["code"].replace("\r\n", "\n").rstrip("\n") + "\n"
        yield Program("MBPP", f"MBPP/{row['task_id']}", "", body, row["test_setup_code"],
                      "\n".join(row["test_list"]) + "\n", "")


class OutOfTime(BaseException):
    pass


class Alarm:
    armed = False

    @classmethod
    def ring(cls, *_):
        if cls.armed:
            raise OutOfTime


def timed(seconds, function, *arguments):
    """What `function` returns; None where it runs out of time or ends the process."""
    try:
        try:
            Alarm.armed = True
            # Again and again: the program may swallow an exception.
            signal.setitimer(signal.ITIMER_REAL, seconds, 0.05)
            return function(*arguments)
        finally:
            Alarm.armed = False
            signal.setitimer(signal.ITIMER_REAL, 0)
    except (OutOfTime, SystemExit):
        Alarm.armed = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        return None


class Guard:
    """Around each assertion: an open one decides nothing."""

    failed = False

    def __enter__(self):
        self.before = prefix.touched()

    def __exit__(self, kind, error, trace):
        if prefix.touched() != self.before:
            return isinstance(error, (Exception, prefix.Open))
        self.failed |= kind is not None and issubclass(kind, Exception)
        return False


class GuardAsserts(ast.NodeTransformer):
    def visit_Assert(self, node):
        guarded = ast.parse("with __guard__: pass").body[0]
        guarded.body = [node]
        return ast.copy_location(guarded, node)


def tests_of(program):
    tree = GuardAsserts().visit(ast.parse(program.setup + "\n" + program.tests))
    code = compile(ast.fix_missing_locations(tree), "<tests>", "exec")

    def run_tests(namespace):
        guard, before = Guard(), prefix.touched()
        random.seed(0)
        try:
            exec(code, {**namespace, "__guard__": guard})
        except Exception:
            decided = guard.failed or prefix.touched() == before
            return "fail" if decided else "open"
        return "pass" if prefix.touched() == before else "open"
    return run_tests


def passes(program, body):
    names = {"__name__": "solution"}
    random.seed(0)
    try:
        for source in (program.prompt + body, program.setup, program.tests):
            exec(compile(source, "<program>", "exec"), names)
    except Exception:
        return False
    return True


def line_prefixes(body):
    lines = body.splitlines(keepends=True)
    return ["".join(lines[:n]) for n in range(1, len(lines) + 1)]


def judge_prefix(program, text, run_tests, seconds):
    return timed(seconds, prefix.prefix_verdict, program.prompt + text, program.entry,
                 run_tests) or "open"


def check_reference(program, report):
    run_tests = tests_of(program)
    if not timed(REFERENCE_SECONDS, passes, program, program.body):
        report("reference", program.name, "does not pass")
        return False
    for text in line_prefixes(program.body):
        verdict = judge_prefix(program, text, run_tests, REFERENCE_SECONDS)
        report("prefix", program.name, verdict, len(text))
    return True


def check_mutant(program, kind, body, report):
    verdict = timed(MUTANT_SECONDS, passes, program, body)
    if verdict is not False:
        report("spared", kind, "out of time" if verdict is None else "passes")
        return
    run_tests = tests_of(program)
    for text in line_prefixes(body):
        verdict = judge_prefix(program, text, run_tests, MUTANT_SECONDS)
        if verdict == "fail":
            report("mutant", kind, len(text) / len(body))
            return
        if verdict == "pass" and kind in mutate.KINDS:
            report("false pass", f"{program.name}, {kind}, after {len(text)} bytes")
    report("mutant", kind, None)


def check_program(program, report):
    if not check_reference(program, report):
        return
    for kind, body in mutate.mutants(program.name, program.prompt, program.body):
        check_mutant(program, kind, body, report)


def limit_child():
    resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    quiet = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(quiet, fd)
    signal.signal(signal.SIGALRM, Alarm.ring)


def start_child(programs):
    """Checks the programs in a child; returns the descriptor of its report."""
    reader, writer = os.pipe()
    if os.fork():
        os.close(writer)
        return reader
    os.close(reader)
    status = 1
    try:
        limit_child()
        with os.fdopen(writer, "w", buffering=1) as out:
            for program in programs:
                check_program(program, lambda *line: print(json.dumps(
                    [program.set, *line]), file=out))
            print(json.dumps([None, "end"]), file=out)
        status = 0
    finally:
        os._exit(status)


def check_all(programs):
    readers = [start_child(programs[i::CHILDREN]) for i in range(CHILDREN)]
    report, ends = [], 0
    for reader in readers:
        with os.fdopen(reader) as file:
            report += [json.loads(line) for line in file]
    for line in list(report):
        if line[1] == "end":
            ends += 1
            report.remove(line)
    while ends and readers:
        os.wait()
        readers.pop()
    if ends != CHILDREN:
        raise SystemExit("a child ended before its work was done")
    return report


def print_references(report, name):
    prefixes = [line for line in report if line[:2] == [name, "prefix"]]
    count = collections.Counter(line[3] for line in prefixes)
    programs = len({line[2] for line in prefixes})
    left_out = [line[2] for line in report if line[:2] == [name, "reference"]]
    print(f"{name}: {programs} reference programs, {len(prefixes)} line prefixes: "
          f"{count['fail']} called fail, {count['pass']} pass, {count['open']} open; "
          f"left out: {' '.join(left_out) or 'none'}")
    for line in prefixes:
        if line[3] == "fail":
            print("false alarm:", line[2], "after", line[4], "bytes")


def print_mutants(report, title, kinds):
    places = [line[3] for line in report if line[1] == "mutant" and line[2] in kinds]
    spared = sum(line[1] == "spared" and line[2] in kinds for line in report)
    early = [p for p in places if p is not None and p < 1]
    whole = sum(p is not None for p in places)
    print(f"{title:<20}{len(places):>7}{spared:>8}{len(early):>9}"
          f"{len(early) / max(1, len(places)):>8.3f}"
          f"{sum(early) / max(1, len(early)):>9.3f}{whole / max(1, len(places)):>16.3f}")


def measure_code(data, count):
    programs = [*list(human_eval(data))[:count], *list(mbpp(data))[:count]]
    report = check_all(programs)
    for name in ("HumanEval", "MBPP"):
        print_references(report, name)
    print(f"{'mutants':<20}{'wrong':>7}{'spared':>8}{'flagged':>9}{'recall':>8}"
          f"{'at part':>9}{'with last line':>16}")
    passed = [line[2] for line in report if line[1] == "false pass"]
    for kind in (*mutate.KINDS, *mutate.BROKEN):
        print_mutants(report, kind, [kind])
    print_mutants(report, "all, wrong result", list(mutate.KINDS))
    print_mutants(report, "all, broken syntax", list(mutate.BROKEN))
    print("programs with wrong results called pass:", len(passed))
    for line in passed:
        print("  " + line)


if __name__ == "__main__":
    if sys.argv[1:2] == ["math"] and len(sys.argv) == 4:
        measure_math(*sys.argv[2:])
    elif sys.argv[1:2] == ["code"] and len(sys.argv) in (3, 4):
        measure_code(sys.argv[2], int(sys.argv[3]) if len(sys.argv) == 4 else None)
    else:
        raise SystemExit(__doc__)
