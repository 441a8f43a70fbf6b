"""The commands of a Markdown page.

A block that is indented and not fenced holds commands, one a line, continued by a backslash; everything else that is
set as code is fenced with its language (`text` where it has none). In README.md a code span that begins with a program
of samsr and has an argument is a command too, and in a table also the name of a script by itself.

<!-- not run: REASON --> on a line of its own marks the block below it, and behind a code span that span.
"""

import re
from dataclasses import dataclass

MARK = re.compile(r"<!-- not run: (.+?) -->")
SPAN = re.compile(r"`([^`]+)`(?:<!-- not run: (.+?) -->)?")
PROGRAM = re.compile(r"(samsr|launch/\w+|bench/\w+|sbatch|…) ")


class PageError(Exception):
    """A page that does not follow the convention: file, line, what is wrong."""


@dataclass
class Command:
    page: str
    line: int  # its first one, from 1
    text: str
    reason: str  # why it is not run; empty where it is


def commands_of(page, text, with_spans):
    """The commands of a page in the order printed; with_spans: those of code spans too."""
    found = []
    command = []  # lines of one that goes on
    mark = None  # (line, reason) of the mark that holds for the next block
    marked = True  # whether that block has come
    fenced = False
    for number, line in enumerate(text.split("\n"), 1):
        if line.lstrip().startswith("```"):
            if not fenced and line.strip() == "```":
                raise PageError(f"{page}:{number}: a fenced block names its language; text where it has none")
            fenced = not fenced
        elif fenced or not line.strip():
            continue
        elif line.startswith("    "):
            command.append(line.strip())
            if not line.endswith("\\"):
                first = number - len(command) + 1
                found.append(Command(page, first, "\n".join(command), mark[1] if mark else ""))
                marked = True
                command = []
        else:
            if command:
                raise PageError(f"{page}:{number}: the command above it ends with a backslash")
            if not marked:
                raise PageError(f"{page}:{mark[0]}: marks no block")
            alone = MARK.fullmatch(line.strip())
            mark = (number, alone.group(1)) if alone else None
            marked = not alone
            if not alone:
                found += spans_of(page, number, line, with_spans)
    if not marked:
        raise PageError(f"{page}:{mark[0]}: marks no block")
    return found


def is_command(span, in_table):
    return bool(PROGRAM.match(span)) or in_table and bool(re.fullmatch(r"launch/\w+", span))


def spans_of(page, number, line, with_spans):
    found = []
    marks = 0
    for span in SPAN.finditer(line):
        text, reason = span.group(1), span.group(2) or ""
        marks += bool(reason)
        if with_spans and is_command(text, line.startswith("|")):
            found.append(Command(page, number, text, reason))
        elif reason:
            raise PageError(f"{page}:{number}: marks `{text}`, which is not taken for a command")
    if marks != len(MARK.findall(line)):
        raise PageError(f"{page}:{number}: a mark stands behind a code span, or on a line of its own")
    return found
