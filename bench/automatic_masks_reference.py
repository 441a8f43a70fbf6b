"""Automatic masks of the published Segment Anything, ViT-B, with weights by rule (tests/golden/README.md): the time
they take and the masks themselves, for automatic_masks_bench to compare with.

    pip install torch torchvision segment-anything opencv-python-headless h5py pyyaml pillow
    python bench/automatic_masks_reference.py PHOTOGRAPH OUT.h5 '{pred_iou_thresh: 0.5, box_nms_thresh: 1.0}'

Options of the published generator that are not given keep their defaults. Networks with such weights see noise:
their predicted IoU is below the usual 0.88, and all boxes are the whole picture. The middle 256 x 256 of the
photograph is taken. Threads: OMP_NUM_THREADS.
"""
import inspect
import os
import sys
import time

import h5py
import numpy as np
import torch
import yaml
from PIL import Image
from segment_anything import SamAutomaticMaskGenerator, sam_model_registry

from weights_by_rule import by_rule

SIDE = 256
ARCHITECTURE = dict(img_size=1024, depth=12, embed_dim=768, num_heads=12, global_attn_indexes=[2, 5, 8, 11],
                    window_size=14, prompt_dim=256, decoder_mlp_dim=2048, decoder_heads=8, iou_hidden=256)


def main():
    photograph, out, options = sys.argv[1], sys.argv[2], yaml.safe_load(sys.argv[3])
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", os.cpu_count())))
    sam = sam_model_registry["vit_b"]()
    sam.load_state_dict({name: by_rule(name, tuple(value.shape)) for name, value in sam.state_dict().items()})
    whole = np.array(Image.open(photograph).convert("RGB"))
    top, left = (whole.shape[0] - SIDE) // 2, (whole.shape[1] - SIDE) // 2
    image = np.ascontiguousarray(whole[top:top + SIDE, left:left + SIDE])

    generator = SamAutomaticMaskGenerator(sam, **options)
    start = time.time()
    masks = generator.generate(image)
    seconds = time.time() - start
    print(f"{len(masks)} masks in {seconds:.1f} s")

    defaults = {name: parameter.default
                for name, parameter in inspect.signature(SamAutomaticMaskGenerator).parameters.items()}
    numbers = {name: value for name, value in {**defaults, **options}.items() if isinstance(value, (int, float))}
    with h5py.File(out, "w") as file:
        file.attrs["case"] = "sam_masks_vit_b"
        file.attrs["config"] = yaml.safe_dump(dict(ARCHITECTURE, amg=numbers), sort_keys=False)
        file.attrs["salt"] = 0
        file.attrs["source"] = "facebookresearch/segment-anything"
        file.attrs["tolerance"] = 0.002
        file["in/image"] = image
        file["out/seconds"] = seconds
        file.create_dataset("out/masks", compression="gzip",
                            data=np.array([mask["segmentation"] for mask in masks], dtype=np.uint8).reshape(-1, SIDE, SIDE))
        file["out/predicted_iou"] = np.array([mask["predicted_iou"] for mask in masks])
        file["out/stability_score"] = np.array([mask["stability_score"] for mask in masks])


if __name__ == "__main__":
    main()
