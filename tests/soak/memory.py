"""Resident memory in runs of training: fails where it grew by more than 1 % after a process's first 200 steps.

Arguments: folders of runs; what each said lies beside it in FOLDER.log and tells where a new process went on. Compared
are the medians of the first and the last hundred steps after those 200, as one step in between may hold more for a while.
"""
import json
import re
import statistics
import sys

SETTLED = 200
WINDOW = 100
MOST = 1.01


def processes(folder):
    """The lines of metrics.jsonl, by process."""
    lines = [json.loads(line) for line in open(f"{folder}/metrics.jsonl")]
    resumed = {int(step) for step in re.findall(r"resumed from .* step (\d+), position", open(f"{folder}.log").read())}
    begins = [0, *sorted(resumed), len(lines)]
    return [lines[a:b] for a, b in zip(begins, begins[1:])]


worst = 0.0
for folder in sys.argv[1:]:
    for process in processes(folder):
        memory = [line["memory_mb"] for line in process][SETTLED:]
        if len(memory) < 2 * WINDOW:
            continue
        first, last = statistics.median(memory[:WINDOW]), statistics.median(memory[-WINDOW:])
        worst = max(worst, last / first)
        print(f"{folder}, steps {process[0]['step']} to {process[-1]['step']}: {first:.1f} MB after {SETTLED} steps, "
              f"{last:.1f} MB at the end, {max(memory):.1f} MB at most")
if worst > MOST:
    sys.exit(f"memory grew by {100 * (worst - 1):.1f} %")
