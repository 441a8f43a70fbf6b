"""Stands for samsr: runs the program SAMSR_TOY_PROGRAM with the arguments given, and behind them what makes the verb's
work small. The published network becomes a small one of the same kind; the embedded models' stay what they are."""

import os
import re
import sys

NETWORK = """
    unet.image_size=16 unet.model_channels=32 unet.attention_resolutions=[16,8] unet.channel_mult=[1,2]
    unet.num_res_blocks=[1,1] unet.num_head_channels=16 unet.swin_embed_dim=32
    autoencoder.n_embed=64 autoencoder.ddconfig.ch=32 autoencoder.ddconfig.ch_mult=[1,1,1]
    autoencoder.ddconfig.num_res_blocks=1""".split()
DIFFUSION = ["diffusion.steps=3"]
# Of train.recipe=regression.
COMPARED = ["network.num_feat=8", "network.num_block=1", "network.num_grow_ch=4", "network.num_conv=2"]
PICTURES = ["data.gt_size=64", "data.crop_pad_size=80"]
SAMPLES = ["data.samples=4", "data.samples_per_shard=2"]
TRAINING = """
    train.steps=2 train.global_batch=2 train.microbatch=1 train.milestones=[1] train.checkpoint_every=2 val.every=2
    coverage_net.held_out=0.25""".split()
# The embedded network takes no smaller pictures, and NIQE, which the quickstart asks for, needs larger ones.
EMBEDDED = ["data.gt_size=128", "data.crop_pad_size=160"] + SAMPLES
EMBEDDED_HELD_OUT = ["data.gt_size=256", "data.crop_pad_size=300", "data.samples=2", "data.samples_per_shard=2"]
EMBEDDED_TRAINING = TRAINING + ["train.steps=1", "train.checkpoint_every=1", "val.every=1", "val.images=1"]


def smaller(argument, option):
    """Numbers of samples that a toy data set has."""
    most = {"--first": 1, "--index": 1, "--count": 2}.get(option)
    return str(min(int(argument), most)) if most and argument.isdigit() else argument


def toy_arguments(arguments):
    verb = " ".join(arguments[: 2 if arguments[:1] in (["data"], ["weights"]) else 1])
    arguments = [smaller(each, before) for before, each in zip([""] + arguments, arguments)]
    config = next((each for before, each in zip(arguments, arguments[1:]) if before == "--config"), "")
    embedded = re.search(r"configs/(embedded|quickstart)/", config)
    held_out = config.endswith("quickstart/held_out.yaml")
    if embedded:
        model = DIFFUSION if embedded[1] == "embedded" else []  # the quickstart's teacher is trained already
        samples, training = EMBEDDED_HELD_OUT if held_out else EMBEDDED, EMBEDDED_TRAINING
    else:
        model, samples, training = NETWORK + DIFFUSION + COMPARED, PICTURES + SAMPLES, TRAINING
    if config.endswith("configs/samsr_x4.yaml"):
        model = model + ["masks.source=graph", "semantic.loss=none"]  # without Segment Anything
    if "flowmap" in config:
        training = training + ["flowmap.diag_fraction=0.5"]  # a toy batch has two samples
    more = []
    if verb == "data build":
        more = ["data.samples=6"] if "--like" in arguments else model + samples
    elif verb == "train":
        more = model + training
        if any(each.startswith("data.images=") for each in arguments):  # pairs are made while training
            more += PICTURES
        if "--profile" in arguments:  # its steps come after three to warm up
            more += ["train.steps=9"]
    elif verb == "settings" and len(arguments) > 1:
        more = model + samples + training
    elif verb in ("upscale", "eval"):
        more = ["eval.benchmarks_file=benchmarks.yaml"]
        if any("SamSR_" in each for each in arguments):  # without Segment Anything
            more += ["upscale.masks=graph"]
        if not any("models/embedded/" in each for each in arguments):
            more += model
        if not {"--metrics", "realsr", "realset65"} & set(arguments):  # networks' metrics where a table shows them
            more += ["eval.metrics=psnr_y"]
    elif verb == "bench-table":
        more = ["eval.benchmarks_file=benchmarks.yaml", "upscale.masks=graph"] + model
    elif verb == "data imagenet-test" and not {"--list", "--count"} & set(arguments):
        more = ["--count", "1"]
    return arguments + more


if __name__ == "__main__":
    program = os.environ["SAMSR_TOY_PROGRAM"]
    os.execv(program, [program] + toy_arguments(sys.argv[1:]))
