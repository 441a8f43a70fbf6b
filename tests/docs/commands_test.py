#!/usr/bin/env python3
"""Runs every command of README.md and docs/*.md as printed, at toy size: commands_test.py SAMSR TOY_INPUTS [PAGE…]

A page's commands run in the order printed, in a checkout of their own (toy_checkout.py). What cannot run here is marked
in the page with a reason, and counted below.
"""

import re
import shutil
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from markdown_commands import Command, PageError, commands_of
from toy_checkout import SOURCE, Toys

# Marked commands: who marks another one changes this number, too.
NOT_RUN = {"README.md": 10, "docs/build.md": 4, "docs/clusters.md": 17, "docs/faults.md": 2, "docs/observability.md": 2,
           "docs/use_from_python.md": 2}

# What a placeholder stands for that is no file.
RUN = ("train --config configs/samsr_x4_fast.yaml train.shards=SHARDS train.out=RUN train.teacher_weights=TEACHER"
       " semantic.weights=COVERAGE_NET first_stage.weights=AUTOENCODER")
PLACEHOLDERS = [(r"\btrain …", RUN), (r"=N\b", "=8"), (r" K\b", " 1")]

EXAMPLE = """# Heading
Prose with `samsr` and `samsr data check DIR`.

    samsr one \\
      key=value
    launch/two

<!-- not run: a reason -->

    three

| `launch/four` | `sbatch five`<!-- not run: another --> |
```text
    no command
```
"""


def check_extraction():
    found = commands_of("x.md", EXAMPLE, with_spans=True)
    expected = [Command("x.md", 2, "samsr data check DIR", ""), Command("x.md", 4, "samsr one \\\nkey=value", ""),
                Command("x.md", 6, "launch/two", ""), Command("x.md", 10, "three", "a reason"),
                Command("x.md", 12, "launch/four", ""), Command("x.md", 12, "sbatch five", "another")]
    assert found == expected, found
    assert [each.line for each in commands_of("x.md", EXAMPLE.replace("`sbatch five`<!-- not run: another -->", ""),
                                              with_spans=False)] == [4, 6, 10]
    for wrong in ("```\nx\n```\n", "    a \\\nb\n", "<!-- not run: x -->\n\ntext\n", "<!-- not run: x -->\n",
                  "`no command`<!-- not run: x -->\n", "text <!-- not run: x -->\n"):
        try:
            commands_of("x.md", wrong, with_spans=True)
        except PageError:
            continue
        raise AssertionError(f"taken without a word: {wrong}")


def bound(command, before):
    """The command line that is run: placeholders bound, and … at its beginning the command before."""
    text = command.text
    if text.startswith("… "):
        text = f"{before} {text[2:]}"
    for placeholder, value in PLACEHOLDERS:
        text = re.sub(placeholder, value, text)
    return text


class Pages:
    def __init__(self, toys):
        self.toys = toys
        self.failures = []
        self.printing = threading.Lock()

    def run(self, page, commands):
        checkout = self.toys.checkout(page.replace("/", "-"))
        made = set()  # what this page's commands have begun, and others go on with
        text = ""
        for command in commands:
            if command.reason:
                continue
            text = bound(command, text)
            data = set(re.findall(r"data\.out=(\S+)", text)) - made
            if data:
                made = set()  # other runs are of other data
            outputs = set(re.findall(r"train\.out=(\S+)", text) + re.findall(r"imagenet-test .*--out (\S+)", text))
            for output in data | outputs - made:
                shutil.rmtree(checkout / output, ignore_errors=True)
                made.add(output)
            started = time.monotonic()
            status, output = self.toys.run(text, checkout)
            self.report(command, text, status, output, time.monotonic() - started)

    def report(self, command, text, status, output, seconds):
        with self.printing:
            print(f"{command.page}:{command.line}: {seconds:.1f} s  {command.text.splitlines()[0]}", flush=True)
            if status == 0:
                return
            self.failures.append(command)
            ended = "ran out of time" if status is None else f"status {status}"
            print(f"FAILED, {ended}: {text}", *output.splitlines()[-40:], sep="\n    ", flush=True)


def main():
    if len(sys.argv) < 3:
        print("usage: commands_test.py SAMSR TOY_INPUTS [PAGE…]", file=sys.stderr)
        return 2
    check_extraction()
    names = ["README.md"] + sorted(f"docs/{each.name}" for each in (SOURCE / "docs").glob("*.md"))
    try:
        pages = {name: commands_of(name, (SOURCE / name).read_text(), with_spans=name == "README.md") for name in names}
    except PageError as error:
        print(error)
        return 1
    wrong = False
    for name, commands in pages.items():
        marked = [each for each in commands if each.reason]
        if len(marked) != NOT_RUN.get(name, 0):
            wrong = True
            print(f"{name}: {len(marked)} commands are marked as not run, and tests/docs/commands_test.py says "
                  f"{NOT_RUN.get(name, 0)}:", *(f"{each.line}: {each.text} ({each.reason})" for each in marked),
                  sep="\n    ")
    chosen = sys.argv[3:] or [name for name, commands in pages.items() if commands]
    folder = Path(tempfile.mkdtemp(prefix="samsr-docs-"))
    try:
        started = time.monotonic()
        toys = Toys(folder, sys.argv[1], sys.argv[2])
        print(f"inputs: {time.monotonic() - started:.1f} s", flush=True)
        runner = Pages(toys)
        with ThreadPoolExecutor(2) as workers:
            for done in [workers.submit(runner.run, name, pages[name]) for name in chosen]:
                done.result()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    count = sum(not each.reason for name in chosen for each in pages[name])
    print(f"{count} commands in {time.monotonic() - started:.0f} s, {len(runner.failures)} failed",
          *(f"{each.page}:{each.line}: {each.text}" for each in runner.failures), sep="\n    ")
    return 1 if wrong or runner.failures else 0


if __name__ == "__main__":
    sys.exit(main())
