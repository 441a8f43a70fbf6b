"""The machine, as one line of JSON: card, driver, processor, Python's torch."""

import importlib.metadata
import json
import os
import platform
import re
import subprocess
import sys


def card():
    """What nvidia-smi says of the first GPU."""
    names = ("name", "driver_version", "memory.total", "power.limit", "clocks.max.sm", "clocks.max.memory")
    said = subprocess.run(["nvidia-smi", f"--query-gpu={','.join(names)}", "--format=csv,noheader"],
                          capture_output=True, text=True, check=True).stdout.splitlines()[0]
    return dict(zip(names, (value.strip() for value in said.split(","))))


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        found = re.search(r"^model name\s*:\s*(.*)$", file.read(), re.MULTILINE)
    return found.group(1) if found else platform.machine()


def torch_version():
    try:
        return importlib.metadata.version("torch")
    except importlib.metadata.PackageNotFoundError:
        return None


def main():
    figures = {"what": "machine", "cores": len(os.sched_getaffinity(0)), "processor": processor(),
               "python": platform.python_version(), "python_torch": torch_version()}
    if sys.argv[1] == "cuda":
        figures |= card()
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
