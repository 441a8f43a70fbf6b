"""Compares the losses of two runs, step by step.

    losses.py RUN RUN --tolerance 0.02 [--gradients 0.02]
"""

import argparse
import json
import os
import sys


def figures_of(run, name):
    """Step -> the figure, from the run's metrics.jsonl."""
    with open(os.path.join(run, "metrics.jsonl"), encoding="utf-8") as file:
        lines = [json.loads(line) for line in file if line.strip()]
    return {line["step"]: line[name] for line in lines if name in line}


def compare(runs, name, tolerance):
    """Prints each step; whether all differ by no more."""
    one, other = (figures_of(run, name) for run in runs)
    if not one or one.keys() != other.keys():
        print(f"error: the runs logged {name} of the steps {sorted(one)} and {sorted(other)}")
        return False
    worst = 0.0
    for step in sorted(one):
        difference = abs(one[step] - other[step]) / max(abs(one[step]), abs(other[step]), 1e-12)
        print(f"step {step}, {name}: {one[step]:.8g} {other[step]:.8g}, relative difference {difference:.2e}")
        worst = max(worst, difference) if difference == difference else float("inf")
    if worst > tolerance:
        print(f"error: {name} differs by {worst:.2e} of its size, more than {tolerance:g}")
    return worst <= tolerance


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs=2)
    parser.add_argument("--tolerance", type=float, required=True)
    parser.add_argument("--gradients", type=float, help="tolerance of the gradients' norms, compared too")
    arguments = parser.parse_args()
    equal = compare(arguments.runs, "loss", arguments.tolerance)
    if arguments.gradients is not None:
        equal = compare(arguments.runs, "grad_norm", arguments.gradients) and equal
    return 0 if equal else 1


if __name__ == "__main__":
    sys.exit(main())
