"""Which libraries a set of programs needs that cannot be taken for granted on another machine."""

import os
import re
import subprocess

from elf import Elf

# Parts of every Linux system with a C++ runtime.
SYSTEM = re.compile(r"(ld-linux|libc|libm|libdl|libpthread|librt|libresolv|libutil|libanl|libstdc\+\+|libgcc_s)[.-]")
# LibTorch, and what its packages hold: libgomp too, so that there is only one.
TORCH = re.compile(r"lib(torch|c10|gomp|cuda|cudart|cudnn|cublas|cupti|cufft|cufile|curand|cusparse|cusolver|nccl|nv)")


def _cache_of_the_loader():
    for program in ("/sbin/ldconfig", "/usr/sbin/ldconfig", "ldconfig"):
        try:
            listing = subprocess.run([program, "-p"], capture_output=True, text=True, check=True).stdout
        except (OSError, subprocess.CalledProcessError):
            continue
        found = {}
        for name, path in re.findall(r"^\s*(\S+) \([^)]*x86-64[^)]*\) => (\S+)$", listing, re.MULTILINE):
            found.setdefault(name, path)
        return found
    raise SystemExit("samsr: ldconfig, which lists this machine's libraries, cannot be run")


def needed_by(files):
    """Name -> file of every library that the files need, directly or through others, less SYSTEM and TORCH."""
    cache, found, todo = _cache_of_the_loader(), {}, list(files)
    while todo:
        user = todo.pop()
        with open(user, "rb") as file:
            elf = Elf(file.read())
        origin = os.path.dirname(os.path.realpath(user))
        folders = [folder.replace("$ORIGIN", origin) for folder in elf.search_path()]
        for name in elf.needed():
            if name in found or SYSTEM.match(name) or TORCH.match(name):
                continue
            beside = (os.path.join(folder, name) for folder in folders)
            path = next((path for path in beside if os.path.exists(path)), cache.get(name))
            if path is None:
                raise SystemExit(f"samsr: {name}, which {user} needs, is not found on this machine")
            found[name] = os.path.realpath(path)
            todo.append(found[name])
    return found
