"""A checkout in which the commands of a page run at toy size, and what their placeholders stand for.

A placeholder is a file or folder of that name there: DIR holds photographs, SHARDS a data set, STUDENT a run. So a
command stays as it is printed; programs that stand in for samsr and mpirun make its work small.
"""

import os
import shutil
import stat
import subprocess
from pathlib import Path

import toy_samsr
from pth_file import as_pth

SOURCE = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent

SETUP = """#!/usr/bin/env bash
# Stands for launch/setup: the build is there.
case "$*" in '' | '--target samsr') ;; *) echo "launch/setup $*: not in this test" >&2; exit 1 ;; esac
"""
SAMSR = f"""#!/bin/sh
exec python3 -B '{HERE}/toy_samsr.py' "$@"
"""
# Two ranks where a command asks for eight.
MPIRUN = """#!/usr/bin/env bash
arguments=()
while [ $# -gt 0 ]; do
  case $1 in -n) arguments+=(-n $((($2 + 3) / 4))); shift ;; *) arguments+=("$1") ;; esac
  shift
done
exec '{mpirun}' "${{arguments[@]}}"
"""
# Of nine students one step is tried; tests/launch/ablation_test.cpp trains them.
ABLATION = """#!/usr/bin/env bash
exec "$(dirname "${BASH_SOURCE[0]}")/ablation_whole" "$@" --dry-run
"""
# Names and columns of the published sets, on two pictures.
BENCHMARKS = """benchmarks:
  - {name: realsr, title: RealSR, lq: RealSR, scale: 4, metrics: "clipiqa,musiq"}
  - {name: realset65, title: RealSet65, lq: RealSet65, scale: 4, metrics: "clipiqa,musiq"}
  - {name: imagenet_test, title: ImageNet-Test, lq: imagenet256/lq, gt: imagenet256/gt, scale: 4,
     metrics: "psnr_y,ssim_y"}
"""


def write_program(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


class Toys:
    """What all checkouts share: the environment of commands, and inputs made once in `folder`."""

    def __init__(self, folder, samsr, toy_inputs):
        self.folder = folder
        self.made = folder / "made"
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith("SAMSR_")
        } | {
            "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
            "HOME": str(folder / "home"),
            "TMPDIR": str(folder / "tmp"),
            "OMP_NUM_THREADS": "1",
            "SAMSR_DEPS": str(folder / "deps"),
            "SAMSR_GPU": "no",
            "SAMSR_TOY_PROGRAM": samsr,
        }
        mpirun = shutil.which("mpirun")
        for name in ("home", "tmp", "made"):
            (folder / name).mkdir()
        write_program(folder / "bin/samsr", SAMSR)
        write_program(folder / "bin/mpirun", MPIRUN.format(mpirun=mpirun))
        subprocess.run([toy_inputs, str(folder), *toy_samsr.NETWORK], check=True)
        for name in ("SinSR_v1", "SamSR_v1", "SamSR_v2", "resshift_realsrx4_s15_v1", "autoencoder_vq_f4"):
            as_pth(folder / "weights" / f"{name}.pth", wrapped=name != "autoencoder_vq_f4")
        self.write_demo_photographs()
        self.make_inputs()

    def run(self, command, checkout, timeout=240):
        """Runs a command line in a checkout: its status and what it printed."""
        try:
            done = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", command], cwd=checkout, env=self.environment, timeout=timeout,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
            return done.returncode, done.stdout
        except subprocess.TimeoutExpired as expired:
            return None, (expired.stdout or b"").decode(errors="replace")

    def write_demo_photographs(self):
        """Under the names that launch/demo_photographs unpacks from wheels."""
        photographs = sorted((self.folder / "photographs").iterdir())
        script = (SOURCE / "launch/demo_photographs").read_text()
        names = [word for word in script.replace("(", " ").replace(")", " ").split() if word.endswith((".png", ".jpg"))]
        folder = self.folder / "deps/demo-photographs-1/skimage/data"
        folder.mkdir(parents=True)
        for i, name in enumerate(dict.fromkeys(names)):
            shutil.copy(photographs[i % len(photographs)], folder / name)

    def make_inputs(self):
        """A data set, a teacher, a student, pictures and results, as README.md's commands make them."""
        made = self.made
        self.add_checkout(made)
        scripts_and_settings = set(made.iterdir())
        config = "--config configs/samsr_x4_fast.yaml"
        autoencoder = "first_stage.weights=AUTOENCODER"
        for command in (
            f"samsr data build {config} data.images=DIR data.out=SHARDS {autoencoder}",
            f"samsr train --config configs/resshift_x4.yaml train.shards=SHARDS train.out=TEACHER {autoencoder}",
            f"samsr data build {config} data.out=SHARDS --stage rollout train.teacher_weights=TEACHER"
            f" {autoencoder}",
            "samsr train --config configs/coverage_net_x4.yaml train.shards=SHARDS train.out=COVERAGE_NET"
            f" {autoencoder}",
            f"samsr train {config} train.shards=SHARDS train.out=STUDENT train.teacher_weights=TEACHER"
            f" semantic.weights=COVERAGE_NET {autoencoder}",
            "samsr weights convert STUDENT student.safetensors",
            "samsr data imagenet-test --images VAL --out testdata/imagenet256",
            "samsr data export SHARDS PAIRS",
            "cp -r PAIRS/gt GT && cp -r PAIRS/lq LQ && cp -r GT RESULTS && cp -r STUDENT RUN",
            "mkdir runs OTHER && ln -s ../STUDENT runs/student && ln -s ../STUDENT runs/samsr && cp -r GT OTHER/PAIRS",
            "for set in RealSR RealSet65; do mkdir testdata/$set; cp LQ/*[01].png testdata/$set; done",
            "mkdir OTHER/realsr && cp GT/*[01].png OTHER/realsr && cp -r testdata/RealSR IN",
            "cp $(ls IN/*.png | head -n 1) photo.png",
            "samsr eval --ref GT --lq LQ --pred student=RESULTS --metrics psnr_y --out MORE && cp -r MORE REPORT",
        ):
            status, output = self.run(command, made)
            if status != 0:
                raise RuntimeError(f"{command}\nstatus {status}\n{output}")
        self.inputs = set(made.iterdir()) - scripts_and_settings

    def add_checkout(self, checkout):
        """The repository's scripts and settings, and the inputs that nothing is written into."""
        checkout.mkdir(exist_ok=True)
        shutil.copytree(SOURCE / "launch", checkout / "launch")
        for name in ("configs", "models", "bench", "eval"):
            (checkout / name).symlink_to(SOURCE / name)
        (checkout / "launch/ablation").rename(checkout / "launch/ablation_whole")
        write_program(checkout / "launch/ablation", ABLATION)
        write_program(checkout / "launch/setup", SETUP)
        write_program(checkout / "build/cpu/bin/samsr", SAMSR)
        weights = self.folder / "weights"
        (checkout / "weights").symlink_to(weights)
        for name in ("AUTOENCODER", "FILE.pth"):
            (checkout / name).symlink_to(weights / "autoencoder_vq_f4.pth")
        for name in ("DIR", "VAL"):
            (checkout / name).symlink_to(self.folder / "photographs")
        (checkout / "benchmarks.yaml").write_text(BENCHMARKS)

    def checkout(self, name):
        """A checkout of its own for a page, with copies of all inputs."""
        checkout = self.folder / "pages" / name
        checkout.parent.mkdir(exist_ok=True)
        self.add_checkout(checkout)
        for each in self.inputs:
            if each.is_dir():
                shutil.copytree(each, checkout / each.name, symlinks=True)
            else:
                shutil.copy(each, checkout / each.name)
        return checkout
