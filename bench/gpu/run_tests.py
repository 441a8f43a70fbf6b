"""Runs a program of GoogleTest to its end, over crashes too: after one, and after an error that leaves the GPU useless
to the process, a new process takes the tests that are left.

    run_tests.py [--filter FILTER] [--seconds N] PROGRAM [ARGUMENT…]

What the program says goes to standard output. Then a line of JSON for each failing test, and one with the counts.
"""

import argparse
import json
import re
import subprocess
import sys
import time

# Errors that every later call to CUDA gives again.
STICKY = re.compile(r"illegal memory access|misaligned address|device-side assert|unspecified launch failure|"
                    r"CUDA error: (?!out of memory)")
MOST_PROCESSES = 12
FATAL = re.compile(r"terminate called|what\(\):|Segmentation fault|signal")


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
        self.passed, self.skipped, self.failures, self.current = [], [], {}, None
        self.timed_out = self.useless = False
        lines, started = [], time.monotonic()
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              errors="replace") as process:
            killer = subprocess.Popen([sys.executable, "-c", f"import os,sys,time;time.sleep({seconds});"
                                       f"os.kill({process.pid},9)"])
            for line in process.stdout:
                print(line, end="", flush=True)
                line = line.rstrip("\n")
                if line.startswith("[ RUN      ] "):
                    self.current, lines = line[13:], []
                elif self.current and re.match(r"\[( +OK |  FAILED  |  SKIPPED )\] " + re.escape(self.current), line):
                    self._ended(line, lines)
                    if self.useless:
                        process.kill()
                        break
                elif self.current:
                    lines.append(line)
            killer.kill()
            killer.wait()
        self.timed_out = time.monotonic() - started >= seconds
        self.crashed = self.current is not None
        if self.crashed:
            say = "ran out of time" if self.timed_out else f"crashed, status {process.returncode}"
            self.failures[self.current] = f"{say}: {first_failure(lines)}"

    def _ended(self, line, lines):
        if "FAILED" in line:
            self.failures[self.current] = first_failure(lines)
            self.useless = any(STICKY.search(each) for each in lines)
        else:
            (self.skipped if "SKIPPED" in line else self.passed).append(self.current)
        self.current = None


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
    parser.add_argument("program", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()
    end = time.monotonic() + arguments.seconds
    left = tests_of(arguments.program, arguments.filter)
    chosen = arguments.filter
    passed, skipped, failures = [], [], {}
    for _ in range(MOST_PROCESSES):
        run = Run([*arguments.program, f"--gtest_filter={chosen}"], max(1, end - time.monotonic()))
        passed += run.passed
        skipped += run.skipped
        failures |= run.failures
        done = {*run.passed, *run.skipped, *run.failures}
        left = [name for name in left if name not in done]
        if not left or run.timed_out or not (run.crashed or run.useless) or not done:
            break
        chosen = ":".join(left)
    for name, failure in failures.items():
        print(json.dumps({"test": name, "failure": failure}))
    print(json.dumps({"what": "tests", "passed": len(passed), "failed": len(failures), "skipped": len(skipped),
                      "not_run": len(left)}), flush=True)
    if failures or left or not passed:
        print(f"error: {len(failures)} tests failed, {len(left)} were not run, {len(passed)} passed")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
