"""Runs a program of GoogleTest to its end, over crashes too: after one, and after an error that leaves the GPU useless
to the process, a new process takes the tests that are left.

    run_tests.py [--filter FILTER] [--seconds N] [--processes N] PROGRAM [ARGUMENT…]

What the tests say goes to standard output, test by test; then a line of JSON for each that fails, and one with counts.
"""

import argparse
import json
import re
import subprocess
import sys
import threading
import time

# Errors that every later call to CUDA gives again.
STICKY = re.compile(r"illegal memory access|misaligned address|device-side assert|unspecified launch failure|"
                    r"CUDA error: (?!out of memory)")
MOST_PROCESSES = 12  # one after another
BEGINS = "[ RUN      ] "
FATAL = re.compile(r"terminate called|what\(\):|Segmentation fault|signal")


PRINTING = threading.Lock()


def show(lines):
    with PRINTING:
        print("\n".join(lines), flush=True)


def first_failure(lines):
    """The lines that tell most of a failure: from the first "file:line: Failure" on, else what tells of a crash."""
    for number, line in enumerate(lines):
        if line.endswith(": Failure"):
            return " ".join(part.strip() for part in lines[number : number + 6])[:400]
    said = [line.strip() for line in lines if FATAL.search(line)] or [line.strip() for line in lines if line.strip()]
    return " ".join(said[:3])[:400]


class Run:
    """One process: which tests passed, failed with what, and which was under way at the end."""

    def __init__(self, command, seconds):
        self.passed, self.skipped, self.failures = [], [], {}
        self.useless = False
        current, lines, started = None, [], time.monotonic()
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              errors="replace") as process:
            killer = threading.Timer(seconds, process.kill)
            killer.start()
            for line in map(str.rstrip, process.stdout):
                lines.append(line)
                if line.startswith(BEGINS):
                    current, lines = line.removeprefix(BEGINS), [line]
                elif current and re.match(r"\[( +OK |  FAILED  |  SKIPPED )\] " + re.escape(current), line):
                    self._ended(current, line, lines)
                    current = None
                    if self.useless:
                        process.kill()
                        break
            killer.cancel()
        self.timed_out = time.monotonic() - started >= seconds
        self.crashed = current is not None
        if self.crashed:
            end = "ran out of time" if self.timed_out else f"crashed, status {process.returncode}"
            self.failures[current] = f"{end}: {first_failure(lines[1:])}"
            show(lines)

    def _ended(self, name, line, lines):
        show(lines)
        if "FAILED" in line:
            self.failures[name] = first_failure(lines[1:])
            self.useless = any(STICKY.search(each) for each in lines)
        else:
            (self.skipped if "SKIPPED" in line else self.passed).append(name)


class Share:
    """Some of the tests, in one process, and in further ones where that one does not get to its end."""

    def __init__(self, program, names):
        self.program, self.left = program, names
        self.passed, self.skipped, self.failures = [], [], {}

    def run(self, end):
        for _ in range(MOST_PROCESSES):
            run = Run([*self.program, f"--gtest_filter={':'.join(self.left)}"], max(1, end - time.monotonic()))
            self.passed += run.passed
            self.skipped += run.skipped
            self.failures |= run.failures
            done = {*run.passed, *run.skipped, *run.failures}
            self.left = [name for name in self.left if name not in done]
            if not self.left or run.timed_out or not done or not (run.crashed or run.useless):
                return


def tests_of(program, chosen):
    """Names of the tests, in their order."""
    said = subprocess.run([*program, "--gtest_list_tests", f"--gtest_filter={chosen}"], capture_output=True, text=True,
                          check=False)
    if said.returncode != 0:
        raise SystemExit(f"error: the tests cannot be listed: {(said.stderr or said.stdout).strip()[:300]}")
    names, suite = [], ""
    for line in said.stdout.splitlines():
        name = line.split("#")[0].rstrip()
        if re.fullmatch(r"\S+\.", name):
            suite = name
        elif suite and re.fullmatch(r"  \S+", name):
            names.append(suite + name.strip())
    return names


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--filter", default="*")
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--processes", type=int, default=1, help="how many at once")
    parser.add_argument("program", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()
    end = time.monotonic() + arguments.seconds
    names = tests_of(arguments.program, arguments.filter)
    count = max(1, min(arguments.processes, len(names)))
    shares = [Share(arguments.program, names[first::count]) for first in range(count)]
    threads = [threading.Thread(target=share.run, args=(end,)) for share in shares]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    failures = {name: failure for share in shares for name, failure in share.failures.items()}
    passed = sum(len(share.passed) for share in shares)
    skipped = sum(len(share.skipped) for share in shares)
    left = [name for share in shares for name in share.left]
    for name, failure in failures.items():
        print(json.dumps({"test": name, "failure": failure}))
    print(json.dumps({"what": "tests", "passed": passed, "failed": len(failures), "skipped": skipped,
                      "not_run": len(left)}), flush=True)
    if failures or left or not passed:
        print(f"error: {len(failures)} tests failed, {len(left)} were not run, {passed} passed"
              + (f"; not run: {' '.join(left)[:200]}" if left else ""))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
