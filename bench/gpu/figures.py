"""Reads results.jsonl of bench/gpu_check: what the table and the page are made of."""

import json
import os


class Results:
    """Lines of results.jsonl."""

    def __init__(self, folder):
        self.folder = folder
        self.lines = []
        with open(os.path.join(folder, "results.jsonl"), encoding="utf-8", errors="replace") as file:
            for line in file:
                try:
                    self.lines.append(json.loads(line))
                except ValueError:
                    pass  # cut off with its stage

    def stages(self):
        """(name, status, seconds), in their order."""
        return [(line["stage"], line["status"], line["seconds"]) for line in self.lines if "status" in line]

    def what(self, name):
        """The first line about this, or {}."""
        return next((line for line in self.lines if line.get("what") == name), {})

    def failed_checks(self, stage):
        return [line for line in self.lines if line["stage"] == stage and line.get("passed") is False]

    def failed_tests(self):
        return [line for line in self.lines if "test" in line]

    def ceilings(self):
        return [line for line in self.lines if line["stage"] == "ceilings" and "rate" in line]

    def product(self):
        """TFLOP/s of the bf16 product of the same run; None without."""
        return next((line["rate"] for line in self.ceilings() if line["what"].startswith("bf16 product")), None)

    def steps(self):
        """Steps of training, of samsr and of Python."""
        return [line for line in self.lines if "who" in line]

    def share(self, step):
        """Of the product, in percent; None for other precisions or without figures."""
        if step.get("precision") != "bf16" or not step.get("tflops") or not self.product():
            return None
        return 100 * step["tflops"] / self.product()

    def ratios(self):
        """(step of samsr, step of Python, samsr's images/s over Python's), of the same batch and teacher."""
        of_samsr = {}
        for step in self.steps():
            if step["who"] == "samsr" and step["stage"] == "throughput":
                of_samsr[_case(step)] = step
        return [(of_samsr[_case(step)], step, of_samsr[_case(step)]["images_s"] / step["images_s"])
                for step in self.steps()
                if step["who"] != "samsr" and _case(step) in of_samsr and step.get("images_s")]

    def kernels(self):
        return [line for line in self.lines if line.get("what") == "kernel"]

    def rates(self):
        """What, and how many photographs or pictures of it a second."""
        found = []
        for line in self.lines:
            if "photographs_s" in line or "pictures_s" in line:
                what = [line["what"], line.get("precision"), line.get("size")]
                if "points_per_batch" in line:
                    what.append(f"{line['points_per_batch']} of {line['points']} points at once")
                found.append((", ".join(filter(None, what)), line.get("photographs_s", line.get("pictures_s"))))
        return found

    def agreements(self):
        """What, and how far it agrees with the CPU's: shares of pixels."""
        return [(f"{line['what']}, {line['precision']}", line["coverage_iou"], line["mask_iou_least"])
                for line in self.lines if "coverage_iou" in line]


def _case(step):
    return step["size"], step["teacher"], step["precision"], step["batch"]


def number(value, digits=1):
    return "-" if value is None else f"{value:,.{digits}f}"
