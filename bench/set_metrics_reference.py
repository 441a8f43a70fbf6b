"""FID of pyiqa 0.1.16 between two folders of pictures, for set_metrics_bench to compare with.

    pip install torch torchvision pyiqa==0.1.16 pillow scipy
    python bench/set_metrics_reference.py weights WEIGHTS_FOLDER
    python bench/set_metrics_reference.py time WEIGHTS_FOLDER PRED_FOLDER REF_FOLDER

`weights` writes a file by rule in the layout and under the name of the official one, with the strength of
tests/golden/README.md for `fid`: nothing is downloaded. `time` prints FID of both preprocessings with the seconds of
features and distance; the network is made before. Threads: OMP_NUM_THREADS.
"""
import math
import os
import sys
import time
from pathlib import Path

import torch

from weights_by_rule import by_rule

FILE = "pt_inception-2015-12-05-6726825d.pth"


def strong(name, shape):
    values = by_rule(name, shape)
    return (values.double() * math.sqrt(2)).float() if len(shape) == 4 else values


def network(weights):
    """pyiqa's metric with `weights`, or with None as it is made."""
    from pyiqa.archs import fid_arch, inception

    inception.load_pretrained_network = lambda model, url: weights and model.load_state_dict(weights)
    return fid_arch.FID()


def write_weights(folder):
    from pyiqa.archs import inception

    inception.load_pretrained_network = lambda model, url: None
    state = inception.fid_inception_v3().state_dict()
    folder.mkdir(parents=True, exist_ok=True)
    torch.save({name: value if name.endswith("num_batches_tracked") else strong(name, tuple(value.shape))
                for name, value in state.items()}, folder / FILE)


def main():
    folder = Path(sys.argv[2])
    if sys.argv[1] == "weights":
        write_weights(folder)
        return
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", os.cpu_count())))
    metric = network(torch.load(folder / FILE))
    for name, mode in [("fid", "clean"), ("fid_pytorch", "legacy_pytorch")]:
        start, start_cpu = time.perf_counter(), time.process_time()
        value = metric(sys.argv[3], sys.argv[4], mode=mode, num_workers=0, device=torch.device("cpu"), verbose=False)
        print(f"{name:12} {value:.9g} {time.perf_counter() - start:9.2f} s {time.process_time() - start_cpu:9.2f} s of "
              "all cores together", flush=True)


if __name__ == "__main__":
    main()
