"""Scores and times of pyiqa 0.1.16 for metrics_bench to compare with: the same pictures, the same weights.

    pip install torch torchvision pyiqa==0.1.16 h5py pillow scipy
    python bench/metrics_reference.py weights OUT_FOLDER
    python bench/metrics_reference.py time WEIGHTS_FOLDER GT_FOLDER LQ_FOLDER OUT.h5 [metric,…]

`weights` writes files of weights by rule in the layouts and under the names of the official ones: nothing is
downloaded. `time` scores bicubic enlargements of the low-resolution pictures against the others: one pair of 256 x
256, eight such pairs in a batch, and a mosaic of twelve pairs, 1024 x 768. Threads: OMP_NUM_THREADS.
"""
import os
import statistics
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import torch
from PIL import Image

from weights_by_rule import by_rule

ALEXNET, VGG16 = "alexnet-owt-7be5be79.pth", "vgg16-397923af.pth"
CLIP, MUSIQ, DISTS = "RN50.pt", "musiq_koniq_ckpt-e95806b9.pth", "DISTS_weights-f5e65c96.pth"
ROUNDS, SECONDS = 5, 0.5  # at least


def filled(state):
    return {name: value if name.endswith("num_batches_tracked") else by_rule(name, tuple(value.shape))
            for name, value in state.items()}


def write_weights(folder):
    from pyiqa.archs.clip_model import CLIP as Clip
    from pyiqa.archs.musiq_arch import MUSIQ as Musiq
    from torchvision import models

    folder.mkdir(parents=True, exist_ok=True)
    for file, linear, model, channels in [(ALEXNET, "alex.pth", models.alexnet, [64, 192, 384, 256, 256]),
                                          (VGG16, "vgg.pth", models.vgg16, [64, 128, 256, 512, 512])]:
        torch.save(filled(model(weights=None).state_dict()), folder / file)
        names = [f"lin{k}.model.1.weight" for k in range(5)]
        torch.save({name: by_rule(name, (1, c, 1, 1)).abs() for name, c in zip(names, channels)}, folder / linear)
    torch.save({name: by_rule(name, (1, 1475, 1, 1)).abs() for name in ("alpha", "beta")}, folder / DISTS)
    torch.save(filled(Musiq(pretrained=False).state_dict()), folder / MUSIQ)

    clip = Clip(1024, 224, (3, 4, 6, 3), 64, None, 77, 49408, 512, 8, 12).eval()
    weights = filled(clip.state_dict())
    weights["logit_scale"] = torch.tensor(np.log(100), dtype=torch.float32)
    clip.load_state_dict(weights)
    for name, value in [("input_resolution", 224), ("context_length", 77), ("vocab_size", 49408)]:
        if hasattr(clip, name):
            delattr(clip, name)
        clip.register_buffer(name, torch.tensor(value))
    tokens = torch.zeros(2, 77, dtype=torch.long)
    tokens[:, 0], tokens[:, 1] = 49406, 49407
    with torch.no_grad():
        traced = torch.jit.trace(clip, (torch.zeros(1, 3, 224, 224), tokens), check_trace=False)
    traced.half()
    torch.jit.save(traced, folder / CLIP)


def networks(folder, niqe_parameters):
    """Constructors of pyiqa's metrics; torch.hub finds torchvision's files in the folder."""
    from pyiqa.archs.clipiqa_arch import CLIPIQA
    from pyiqa.archs.dists_arch import DISTS as Dists
    from pyiqa.archs.lpips_arch import LPIPS
    from pyiqa.archs.musiq_arch import MUSIQ as Musiq
    from pyiqa.archs.niqe_arch import NIQE
    from pyiqa.archs.psnr_arch import PSNR
    from pyiqa.archs.ssim_arch import SSIM

    hub = folder / "hub" / "checkpoints"
    hub.mkdir(parents=True, exist_ok=True)
    for file in (ALEXNET, VGG16):
        if not (hub / file).exists():
            os.link(folder / file, hub / file)
    torch.hub.set_dir(str(folder / "hub"))
    return {
        "psnr_y": lambda: PSNR(test_y_channel=True, color_space="ycbcr"),
        "psnr_rgb": lambda: PSNR(),
        "ssim_y": lambda: SSIM(color_space="ycbcr"),
        "ssim_rgb": lambda: SSIM(test_y_channel=False),
        "lpips": lambda: LPIPS(net="alex", pretrained=False, pretrained_model_path=str(folder / "alex.pth")),
        "lpips_vgg": lambda: LPIPS(net="vgg", pretrained=False, pretrained_model_path=str(folder / "vgg.pth")),
        "dists": lambda: Dists(pretrained=False, pretrained_model_path=str(folder / DISTS)),
        "clipiqa": lambda: CLIPIQA(backbone=str(folder / CLIP)),
        "musiq": lambda: Musiq(pretrained=False, pretrained_model_path=str(folder / MUSIQ)),
        "niqe": lambda: NIQE(color_space="ycbcr", pretrained_model_path=niqe_parameters),
    }


def write_niqe_parameters(folder):
    import scipy.io

    golden = Path(__file__).parent.parent / "tests" / "golden" / "niqe.h5"
    with h5py.File(golden) as file:
        path = folder / "niqe.mat"
        scipy.io.savemat(path, {"mu_prisparam": file["in/mu_pris_param"][()],
                                "cov_prisparam": file["in/cov_pris_param"][()]})
    return str(path)


def cases(gt_folder, lq_folder):
    names = sorted(path.name for path in gt_folder.glob("*.png"))[:12]
    gt = np.stack([np.array(Image.open(gt_folder / name).convert("RGB")) for name in names])
    pred = np.stack([np.array(Image.open(lq_folder / name).convert("RGB").resize(gt.shape[2:0:-1], Image.BICUBIC))
                     for name in names])

    def mosaic(pictures):
        rows = [np.concatenate(list(pictures[4 * row:4 * row + 4]), axis=1) for row in range(3)]
        return np.concatenate(rows, axis=0)[None]

    return {"256x256": (pred[:1], gt[:1]), "8 of 256x256": (pred[:8], gt[:8]),
            "1024x768": (mosaic(pred), mosaic(gt))}


def timed(call):
    """Result, median seconds, median seconds of all cores together, behind one call to warm up."""
    result, seconds, cpu = call(), [], []
    while len(seconds) < ROUNDS or sum(seconds) < SECONDS:
        start, start_cpu = time.perf_counter(), time.process_time()
        result = call()
        seconds.append(time.perf_counter() - start)
        cpu.append(time.process_time() - start_cpu)
    return result, statistics.median(seconds), statistics.median(cpu)


def main():
    folder = Path(sys.argv[2])
    if sys.argv[1] == "weights":
        write_weights(folder)
        return
    gt_folder, lq_folder, out = Path(sys.argv[3]), Path(sys.argv[4]), sys.argv[5]
    made = networks(folder, write_niqe_parameters(folder))
    wanted = sys.argv[6].split(",") if len(sys.argv) > 6 else list(made)
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", os.cpu_count())))
    with h5py.File(out, "w") as file, torch.inference_mode():
        file.attrs["case"], file.attrs["config"], file.attrs["salt"] = "metrics", "{}", 0
        file.attrs["source"], file.attrs["tolerance"] = "pyiqa 0.1.16", 1e-4
        for case, (pred, gt) in cases(gt_folder, lq_folder).items():
            file[f"in/{case}/pred"], file[f"in/{case}/ref"] = pred, gt
        for name in wanted:
            metric = made[name]().eval()
            for case, (pred, gt) in cases(gt_folder, lq_folder).items():
                images = [torch.from_numpy(x).permute(0, 3, 1, 2).float() / 255 for x in (pred, gt)]
                arguments = images if name.split("_")[0] in ("psnr", "ssim", "lpips", "dists") else images[:1]
                scores, seconds, cpu_seconds = timed(lambda: metric(*arguments))
                file[f"out/{case}/{name}/scores"] = scores.double().flatten().numpy()
                file[f"out/{case}/{name}/seconds"] = seconds
                file[f"out/{case}/{name}/cpu_seconds"] = cpu_seconds
                print(f"{name:10} {case:14} {seconds * 1e3:9.1f} ms", flush=True)


if __name__ == "__main__":
    main()
