"""Compares the losses of two runs, step by step.

    losses.py RUN RUN --tolerance 0.02
"""

import argparse
import json
import os
import sys


def losses_of(run):
    """Step -> loss, from the run's metrics.jsonl."""
    with open(os.path.join(run, "metrics.jsonl"), encoding="utf-8") as file:
        lines = [json.loads(line) for line in file if line.strip()]
    return {line["step"]: line["loss"] for line in lines if "loss" in line}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs=2)
    parser.add_argument("--tolerance", type=float, required=True)
    arguments = parser.parse_args()
    one, other = map(losses_of, arguments.runs)
    if not one or one.keys() != other.keys():
        print(f"error: the runs logged the steps {sorted(one)} and {sorted(other)}")
        return 1
    worst = 0.0
    for step in sorted(one):
        difference = abs(one[step] - other[step]) / max(abs(one[step]), abs(other[step]), 1e-12)
        print(f"step {step}: {one[step]:.8g} {other[step]:.8g}, relative difference {difference:.2e}")
        worst = max(worst, difference)
    if not worst <= arguments.tolerance:
        print(f"error: losses differ by {worst:.2e} of their size, more than {arguments.tolerance:g}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
