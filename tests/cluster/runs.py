"""What the tests of hosts train and build, and how two results are compared."""

import array
import json
import struct
from pathlib import Path

STEPS = 16
EVERY = 4
# As small as the network goes: what is tested is the start and the end of ranks.
SIZES = """data.gt_size=32 data.crop_pad_size=48 data.samples=24 data.samples_per_shard=5 data.scale=4 data.seed=3
    unet.image_size=8 unet.attention_resolutions=[8] unet.channel_mult=[1,1] unet.num_res_blocks=[1,1]
    unet.num_head_channels=16 unet.swin_embed_dim=32 unet.in_channels=51 unet.model_channels=32 unet.out_channels=48
    unet.swin_depth=2 diffusion.steps=3 diffusion.schedule_kwargs.power=1 diffusion.kappa=1
    diffusion.predict_type=residual first_stage.type=space_to_depth first_stage.factor=4""".split()


def write_photographs(folder, count=6, side=288):
    folder.mkdir()
    for seed in range(count):
        values = bytes((x * (seed + 3) // 2 + (x * y) // (7 + c) + 40 * c) % 256
                       for y in range(side) for x in range(side) for c in range(3))
        (folder / f"{seed}.ppm").write_bytes(f"P6 {side} {side} 255\n".encode() + values)


def build(photographs, out):
    return ["data", "build", *SIZES, f"data.images={photographs}", f"data.out={out}"]


def train(shards, out, *more):
    return ["train", *SIZES, f"train.shards={shards}", f"train.out={out}", "train.recipe=resshift",
            f"train.steps={STEPS}", f"train.checkpoint_every={EVERY}", "train.global_batch=4", "train.microbatch=1",
            "train.lr=1e-4", "train.milestones=[2]", "train.seed=9", "train.threads=1", "train.log_every=1",
            "train.tensorboard=false", *more]


def steps(run):
    """The lines of a run's metrics.jsonl."""
    try:
        lines = (run / "metrics.jsonl").read_text().splitlines()
    except FileNotFoundError:
        return []
    return [json.loads(line) for line in lines if line.endswith("}")]


def contents(folder, but=()):
    """Name -> bytes of all files below a folder."""
    return {str(each.relative_to(folder)): each.read_bytes()
            for each in sorted(Path(folder).rglob("*")) if each.is_file() and each.name not in but}


def weights(run):
    """Name -> numbers of all tensors of a run's last checkpoint."""
    checkpoint = run / (run / "latest").read_text().strip()
    found = {}
    for part in ("student", "ema", "optimizer"):
        data = (checkpoint / f"{part}.safetensors").read_bytes()
        size = struct.unpack("<Q", data[:8])[0]
        header = json.loads(data[8:8 + size])
        for name, entry in header.items():
            if name != "__metadata__" and entry["dtype"] == "F32":
                begin, end = entry["data_offsets"]
                numbers = array.array("f")
                numbers.frombytes(data[8 + size + begin:8 + size + end])
                found[f"{part} {name}"] = numbers
    return found


def expect_same_losses(one, other, tolerance=0.0):
    ones, others = steps(one), steps(other)
    assert ones and [each["step"] for each in ones] == [each["step"] for each in others], (
        f"{one} and {other} have {len(ones)} and {len(others)} steps")
    for a, b in zip(ones, others):
        assert abs(a["loss"] - b["loss"]) <= tolerance * abs(a["loss"]), (
            f"step {a['step']}: loss {a['loss']} in {one}, {b['loss']} in {other}")


def expect_same_weights(one, other, tolerance=0.0):
    ones, others = weights(one), weights(other)
    assert ones and ones.keys() == others.keys()
    for name, numbers in ones.items():
        worst = max((abs(a - b) for a, b in zip(numbers, others[name])), default=0)
        assert worst <= tolerance, f"{name}: differs by {worst} between {one} and {other}"
