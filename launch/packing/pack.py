"""Packs a build into an archive that runs wherever it is unpacked; called by launch/bundle, which says what for.

The bytes depend on the build alone: sorted names, one time (SOURCE_DATE_EPOCH, else 0), no owners.
"""

import argparse
import hashlib
import io
import lzma
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile

from elf import Elf, is_elf
from libraries import needed_by

# Tests that go by a device (tests/support/device.h), the golden files that others read, what is timed beside them, and
# what runs them all (bench/gpu_check).
TESTS = ("gpu_tests", "normalise_bench", "sam_device_bench", "train_step_bench")
CHECK = ("gpu_check", "gpu", "gpu_reference.py", "trace_summary.py", "benchmark_page")
READ_BY_TESTS = ("tests/models/files", "tests/train/example")  # from the bundle's folder
GOLDEN = r"(?!degradation|niqe|psnr_ssim|sam_amg|sam_masks).*\.h5"
SCRIPTS = ("samsr", "mpirun", "orted", "train_embedded", "answering_hosts.sh", "bundled.sh", "common.sh",
           "embedded_online.sh", "restarts.sh", "stages.sh", "watched_mpirun.sh", "slurm.sbatch")
TREE = ("LICENSE", "configs", "docs/clusters.md", "models/embedded/MODEL_CARD.md",
        "models/embedded/coverage_net.safetensors")
# A fifth of the archive, and no test reads it.
ONLY_WITHOUT_TESTS = ("models/embedded/teacher.safetensors",)
# What CMake noted of libraries that are part of the programs.
STATIC = ("SAMSR_STATIC_hdf5", "SAMSR_STATIC_sz", "SAMSR_STATIC_aec", "Protobuf_LITE_LIBRARY_RELEASE")
# Networks that need a site's own libraries, and parts of MPI that samsr does not use: files, one-sided memory.
UNUSED_PLUGINS = re.compile(
    r"mca_(.*_(ucx|ofi|openib|psm2?|monitoring|flux|jsm|simulator|gridengine|tool|pt2pt|rdma)|"
    r"(io|fs|fcoll|fbtl|sharedfp|spml|scoll|sshmem|memheap|atomic|osc|vprotocol|crs)_.*)\.so")


def fail(message):
    raise SystemExit(f"samsr: {message}")


def output_of(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        fail(f"'{' '.join(command)}' failed: {error}")


def program(name):
    path = shutil.which(name)
    return os.path.realpath(path) if path else fail(f"{name} is not on PATH: install openmpi-bin")


class Build:
    """A build folder, by what CMake noted in it."""

    def __init__(self, folder):
        self.folder = os.path.abspath(folder)
        with open(os.path.join(folder, "CMakeCache.txt"), encoding="utf-8") as file:
            self._cache = dict(re.findall(r"^([\w-]+):\w+=(.*)$", file.read(), re.MULTILINE))
        self.source = self["CMAKE_HOME_DIRECTORY"]
        self.version = self["CMAKE_PROJECT_VERSION"]
        self.flavour = "cuda13" if self["SAMSR_CUDA"] == "ON" else "cpu"
        with open(os.path.join(folder, "launch/generated/commit.h"), encoding="utf-8") as file:
            self.commit = re.search(r'"(.*)"', file.read()).group(1)
        with open(os.path.join(self["SAMSR_LIBTORCH"], "torch/version.py"), encoding="utf-8") as file:
            self.torch = re.search(r"__version__ = '([\d.]+)", file.read()).group(1)

    def __getitem__(self, name):
        return self._cache.get(name, "")

    def private_folders(self):
        """Folders of this machine that compilers write into programs, longest first."""
        folders = (self.folder, self.source, self["SAMSR_LIBTORCH"])
        return sorted({os.path.normpath(folder) for folder in folders}, key=len, reverse=True)


class Tree:
    """Name -> (bytes, mode) of the files of the archive."""

    def __init__(self, private_folders):
        self.files = {}
        self._private = [folder.encode() for folder in private_folders]

    def add(self, name, path, executable=False):
        with open(path, "rb") as file:
            self.files[name] = (file.read(), 0o755 if executable else 0o644)

    def add_folder(self, name, path, pattern=r".*"):
        for folder, folders, files in os.walk(path):
            folders.sort()
            for file in files:
                whole = os.path.join(folder, file)
                if re.fullmatch(pattern, file):
                    self.add(os.path.join(name, os.path.relpath(whole, path)), whole, os.access(whole, os.X_OK))

    def add_program(self, name, path):
        """Without symbols; finds its libraries in lib/."""
        with tempfile.NamedTemporaryFile() as stripped:
            output_of("strip", "-o", stripped.name, path)
            with open(stripped.name, "rb") as file:
                self._add_elf(name, path, file.read(), "$ORIGIN/../lib")

    def add_library(self, name, path, search_path):
        with open(path, "rb") as file:
            self._add_elf(name, path, file.read(), search_path)

    def _add_elf(self, name, path, data, search_path):
        elf = Elf(data)
        # A library without a search path of its own goes by the program's.
        if elf.search_path() or name.startswith("bin/"):
            try:
                elf.set_search_path(search_path)
            except ValueError as error:
                fail(f"{path}: {error}")
        # Places of source files in messages. As many characters, since strings may be shared from their middle on.
        for folder in self._private:
            same = b"./" * (len(folder) // 2) + b"/" * (len(folder) % 2)
            elf.data = elf.data.replace(folder, same)
        self.files[name] = (bytes(elf.data), 0o755)

    def least(self, prefix):
        """The newest version of the symbols PREFIX_x.y that any program or library needs."""
        versions = set()
        for data, _ in self.files.values():
            if is_elf(data):
                versions |= Elf(data).versions()
        numbers = [tuple(map(int, v[len(prefix) + 1 :].split("."))) for v in versions
                   if re.fullmatch(prefix + r"_[\d.]+", v)]
        return ".".join(map(str, max(numbers)))

    def archive(self, top, time):
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as tar:
            for name, (data, mode) in sorted(self.files.items()):
                entry = tarfile.TarInfo(f"{top}/{name}")
                entry.size, entry.mode, entry.mtime = len(data), mode, time
                tar.addfile(entry, io.BytesIO(data))
        return packed.getvalue()


def add_openmpi(tree):
    """mpirun, orted and OpenMPI's plugins; the files that libraries are needed by."""
    paths = dict(re.findall(r"path:(\w+):(.*)", output_of(
        "ompi_info", "--parsable", "--path", "pkglibdir", "--path", "pkgdatadir")))
    used = []
    for name in ("mpirun", "orted"):
        used.append(program(name))
        tree.add_program(f"bin/{name}", used[-1])
    for name in sorted(os.listdir(paths["pkglibdir"])):
        if re.fullmatch(r"mca_.*\.so", name) and not UNUSED_PLUGINS.fullmatch(name):
            used.append(os.path.join(paths["pkglibdir"], name))
            tree.add_library(f"lib/openmpi/{name}", used[-1], "$ORIGIN/..")
    tree.add_folder("share/openmpi", paths["pkgdatadir"], r"help-.*\.txt")
    return used


def add_pmix(tree, libpmix):
    """PMIx's plugins, which lie beside its library."""
    folder = os.path.join(os.path.dirname(libpmix), "pmix")
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    used = [os.path.join(folder, name) for name in names if name.endswith(".so")]
    for path in used:
        tree.add_library(f"lib/pmix/{os.path.basename(path)}", path, "$ORIGIN/..")
    return used


def add_licences(tree, libraries):
    """The licence of each Debian package that a library is from; nothing on systems without dpkg."""
    if shutil.which("dpkg-query") is None:
        return
    asked = [path for library in libraries for path in {library, re.sub(r"^/usr(?=/lib)", "", library)}]
    listing = subprocess.run(["dpkg-query", "-S", *asked], capture_output=True, text=True, check=False).stdout
    for package in sorted(set(re.findall(r"^([^:,\s]+)[:,]", listing, re.MULTILINE))):
        licence = f"/usr/share/doc/{package}/copyright"
        if os.path.exists(licence):
            tree.add(f"share/licences/{package}", licence)


def contents(build, tests):
    tree = Tree(build.private_folders())
    # Beside the build, the checkout that this script is of: a test's build may be of a copy.
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    used = []
    for name in ("samsr", *(TESTS if tests else ())):
        path = os.path.join(build.folder, "bin", name)
        if not os.path.exists(path):
            fail(f"{path} is not built: run launch/bundle without --build, or launch/setup")
        used.append(path)
        tree.add_program(f"bin/{name}", path)
    used += add_openmpi(tree)
    libraries = needed_by(used)
    if "libpmix.so.2" in libraries:
        libraries |= needed_by(add_pmix(tree, libraries["libpmix.so.2"]))
    for name, path in libraries.items():
        tree.add_library(f"lib/{name}", path, "$ORIGIN")
    add_licences(tree, [*libraries.values(), program("mpirun"), *filter(None, (build[name] for name in STATIC))])
    for name in SCRIPTS:
        tree.add(f"launch/{name}", os.path.join(root, "launch", name), not name.endswith((".sh", ".sbatch")))
    for name in (*TREE, *(() if tests else ONLY_WITHOUT_TESTS)):
        path = os.path.join(root, name)
        tree.add_folder(name, path) if os.path.isdir(path) else tree.add(name, path)
    if tests:
        tree.add_folder("tests/golden", os.path.join(root, "tests/golden"), GOLDEN)
        for folder in READ_BY_TESTS:
            tree.add_folder(folder, os.path.join(root, folder))
        for name in CHECK:
            path = os.path.join(root, "bench", name)
            if os.path.isdir(path):
                tree.add_folder(f"bench/{name}", path)
            else:
                tree.add(f"bench/{name}", path, os.access(path, os.X_OK))
    for name, (data, _) in tree.files.items():
        for folder in build.private_folders():
            if folder.encode() in data:
                fail(f"{name} names the folder {folder} of this machine")
    lines = [f"version {build.version}", f"commit {build.commit}", f"torch {build.torch}", f"flavour {build.flavour}",
             f"processor {build['SAMSR_MARCH'] or 'x86-64'}", f"glibc {tree.least('GLIBC')}",
             f"glibcxx {tree.least('GLIBCXX')}"]
    sums = [f"{hashlib.sha256(data).hexdigest()}  {name}" for name, (data, _) in sorted(tree.files.items())]
    tree.files["BUNDLE"] = ("\n".join([*lines, "", *sums, ""]).encode(), 0o644)
    return tree


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--out", default="")
    parser.add_argument("--tests", action="store_true")
    arguments = parser.parse_args()
    build = Build(arguments.build)
    name = f"samsr-{build.version}-linux-x86_64-{build.flavour}"
    out = arguments.out or f"{name}.tar.xz"
    data = contents(build, arguments.tests).archive(name, int(os.environ.get("SOURCE_DATE_EPOCH", "0")))
    if out.endswith(".xz"):
        # What programs share is stored once, when the dictionary reaches from one to the next.
        filters = [{"id": lzma.FILTER_X86}, {"id": lzma.FILTER_LZMA2, "preset": 6, "dict_size": 1 << 26}]
        data = lzma.compress(data, filters=filters)
    with open(out + ".tmp", "wb") as file:
        file.write(data)
    os.replace(out + ".tmp", out)
    print(f"samsr: {out}: {len(data) / 1e6:.1f} MB")


if __name__ == "__main__":
    sys.exit(main())
