#!/usr/bin/env python3
"""The networks of compared methods in PyTorch, timed by turns with ours: the same weights, pictures and threads.

    pip install torch==2.11.0 numpy          # the wheel whose LibTorch samsr is built with
    OMP_NUM_THREADS=2 python bench/peers_reference.py build/cpu/bin/peers_bench [--side 64] [--rounds 7]

Each network is at its published size with weights by rule (weights_by_rule.py). bf16: weights and pictures are bfloat16 in
both. PyTorch is asked in both layouts of memory, and its better one counts. Prints medians and the median of each turn's
ratio.
"""
import argparse
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from weights_by_rule import by_rule


class DenseBlock(nn.Module):
    def __init__(self, features=64, growth=32):
        super().__init__()
        for k in range(5):
            setattr(self, f"conv{k + 1}", nn.Conv2d(features + k * growth, features if k == 4 else growth, 3, 1, 1))

    def forward(self, x):
        maps = [x]
        for k in range(4):
            maps.append(F.leaky_relu(getattr(self, f"conv{k + 1}")(torch.cat(maps, 1)), 0.2, inplace=True))
        return self.conv5(torch.cat(maps, 1)) * 0.2 + x


class RRDB(nn.Module):
    def __init__(self):
        super().__init__()
        self.rdb1, self.rdb2, self.rdb3 = DenseBlock(), DenseBlock(), DenseBlock()

    def forward(self, x):
        return self.rdb3(self.rdb2(self.rdb1(x))) * 0.2 + x


class RRDBNet(nn.Module):
    def __init__(self, features=64, blocks=23):
        super().__init__()
        self.conv_first = nn.Conv2d(3, features, 3, 1, 1)
        self.body = nn.Sequential(*[RRDB() for _ in range(blocks)])
        for name in ("conv_body", "conv_up1", "conv_up2", "conv_hr"):
            setattr(self, name, nn.Conv2d(features, features, 3, 1, 1))
        self.conv_last = nn.Conv2d(features, 3, 3, 1, 1)

    def forward(self, x):
        h = self.conv_first(x)
        h = h + self.conv_body(self.body(h))
        for up in (self.conv_up1, self.conv_up2):
            h = F.leaky_relu(up(F.interpolate(h, scale_factor=2, mode="nearest")), 0.2, inplace=True)
        return self.conv_last(F.leaky_relu(self.conv_hr(h), 0.2, inplace=True))


class SRVGG(nn.Module):
    def __init__(self, features=64, convs=32, scale=4):
        super().__init__()
        self.scale = scale
        layers = [nn.Conv2d(3, features, 3, 1, 1), nn.PReLU(features)]
        for _ in range(convs):
            layers += [nn.Conv2d(features, features, 3, 1, 1), nn.PReLU(features)]
        self.body = nn.ModuleList([*layers, nn.Conv2d(features, 3 * scale**2, 3, 1, 1)])

    def forward(self, x):
        h = x
        for layer in self.body:
            h = layer(h)
        return F.pixel_shuffle(h, self.scale) + F.interpolate(x, scale_factor=self.scale, mode="nearest")


WINDOW = 8


def partition(x):
    batch, height, width, channels = x.shape
    x = x.view(batch, height // WINDOW, WINDOW, width // WINDOW, WINDOW, channels)
    return x.permute(0, 1, 3, 2, 4, 5).reshape(-1, WINDOW * WINDOW, channels)


def merge(windows, height, width):
    x = windows.view(-1, height // WINDOW, width // WINDOW, WINDOW, WINDOW, windows.shape[-1])
    return x.permute(0, 1, 3, 2, 4, 5).reshape(x.shape[0], height, width, -1)


def shift_mask(height, width, shift):
    regions = torch.zeros(1, height, width, 1)
    cuts = (slice(0, -WINDOW), slice(-WINDOW, -shift), slice(-shift, None))
    for i, rows in enumerate(cuts):
        for j, columns in enumerate(cuts):
            regions[:, rows, columns] = 3 * i + j
    windows = partition(regions).squeeze(-1)
    return (windows[:, None] != windows[:, :, None]).float() * -100


class Attention(nn.Module):
    def __init__(self, channels, heads):
        super().__init__()
        self.heads, self.scale = heads, (channels // heads) ** -0.5
        self.relative_position_bias_table = nn.Parameter(torch.zeros((2 * WINDOW - 1) ** 2, heads))
        axis = torch.stack(torch.meshgrid(torch.arange(WINDOW), torch.arange(WINDOW), indexing="ij")).flatten(1)
        offset = (axis[:, :, None] - axis[:, None]).permute(1, 2, 0) + WINDOW - 1
        self.register_buffer("index", offset[..., 0] * (2 * WINDOW - 1) + offset[..., 1], persistent=False)
        self.qkv, self.proj = nn.Linear(channels, 3 * channels), nn.Linear(channels, channels)

    def forward(self, x, mask):
        windows, positions, channels = x.shape
        q, k, v = self.qkv(x).view(windows, positions, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        scores = (q * self.scale) @ k.transpose(-2, -1)
        bias = self.relative_position_bias_table[self.index.view(-1)].view(positions, positions, -1)
        scores = scores + bias.permute(2, 0, 1).contiguous()[None]
        if mask is not None:
            count = mask.shape[0]
            scores = scores.view(-1, count, self.heads, positions, positions) + mask[None, :, None]
            scores = scores.view(-1, self.heads, positions, positions)
        return self.proj((scores.softmax(-1) @ v).transpose(1, 2).reshape(windows, positions, channels))


class Block(nn.Module):
    def __init__(self, channels, heads, shift):
        super().__init__()
        self.shift = shift
        self.norm1, self.norm2 = nn.LayerNorm(channels), nn.LayerNorm(channels)
        self.attn = Attention(channels, heads)
        self.mlp = nn.ModuleDict({"fc1": nn.Linear(channels, 2 * channels), "fc2": nn.Linear(2 * channels, channels)})
        self.masks = {}

    def forward(self, x, height, width):
        batch, positions, channels = x.shape
        h = self.norm1(x).view(batch, height, width, channels)
        mask = None
        if self.shift:
            h = torch.roll(h, (-self.shift, -self.shift), (1, 2))
            mask = self.masks.setdefault((height, width), shift_mask(height, width, self.shift).to(x.dtype))
        h = merge(self.attn(partition(h), mask), height, width)
        if self.shift:
            h = torch.roll(h, (self.shift, self.shift), (1, 2))
        x = x + h.view(batch, positions, channels)
        return x + self.mlp["fc2"](F.gelu(self.mlp["fc1"](self.norm2(x))))


class Layer(nn.Module):
    def __init__(self, channels, heads, depth):
        super().__init__()
        blocks = nn.ModuleList([Block(channels, heads, WINDOW // 2 * (i % 2)) for i in range(depth)])
        self.residual_group = nn.ModuleDict({"blocks": blocks})
        self.conv = nn.Conv2d(channels, channels, 3, 1, 1)

    def forward(self, x, height, width):
        h = x
        for block in self.residual_group["blocks"]:
            h = block(h, height, width)
        h = h.transpose(1, 2).view(x.shape[0], -1, height, width)
        return self.conv(h).flatten(2).transpose(1, 2) + x


class SwinIR(nn.Module):
    def __init__(self, channels=180, heads=6, depths=(6,) * 6, features=64):
        super().__init__()
        self.register_buffer("mean", torch.tensor([0.4488, 0.4371, 0.4040]).view(1, 3, 1, 1), persistent=False)
        self.conv_first = nn.Conv2d(3, channels, 3, 1, 1)
        self.patch_embed = nn.ModuleDict({"norm": nn.LayerNorm(channels)})
        self.layers = nn.ModuleList([Layer(channels, heads, depth) for depth in depths])
        self.norm = nn.LayerNorm(channels)
        self.conv_after_body = nn.Conv2d(channels, channels, 3, 1, 1)
        self.conv_before_upsample = nn.Sequential(nn.Conv2d(channels, features, 3, 1, 1), nn.LeakyReLU(inplace=True))
        for name in ("conv_up1", "conv_up2", "conv_hr"):
            setattr(self, name, nn.Conv2d(features, features, 3, 1, 1))
        self.conv_last = nn.Conv2d(features, 3, 3, 1, 1)

    def forward(self, x):
        height, width = x.shape[2:]
        first = self.conv_first(x - self.mean)
        h = self.patch_embed["norm"](first.flatten(2).transpose(1, 2))
        for layer in self.layers:
            h = layer(h, height, width)
        h = self.norm(h).transpose(1, 2).view(first.shape)
        h = self.conv_before_upsample(self.conv_after_body(h) + first)
        for up in (self.conv_up1, self.conv_up2):
            h = F.leaky_relu(up(F.interpolate(h, scale_factor=2, mode="nearest")), 0.2, inplace=True)
        return self.conv_last(F.leaky_relu(self.conv_hr(h), 0.2, inplace=True)) + self.mean


NETWORKS = {"rrdbnet": RRDBNet, "srvgg": SRVGG, "swinir": SwinIR}


def seconds_of(network, x):
    start = time.perf_counter()
    network(x)
    return time.perf_counter() - start


def compare(name, precision, options):
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    network = NETWORKS[name]()
    network.load_state_dict({key: by_rule(key, tuple(value.shape)) for key, value in network.state_dict().items()})
    x = by_rule("x", (1, 3, options.side, options.side)).abs().clamp(max=1).to(dtype)
    network = network.eval().to(dtype)
    layouts = [(network, x)]
    if name != "swinir":  # which works on rows of pixels
        last = NETWORKS[name]()
        last.load_state_dict(network.state_dict())
        layouts.append((last.eval().to(dtype).to(memory_format=torch.channels_last),
                        x.contiguous(memory_format=torch.channels_last)))
    with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
        answer = Path(folder) / "answer"
        ours = subprocess.Popen([options.bench, name, precision, str(options.side), str(answer)], stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, text=True)
        theirs = [network(x).float().numpy() for network, x in layouts][0]
        turns = []
        for _ in range(options.rounds + 1):
            reference = min(seconds_of(*layout) for layout in layouts)
            ours.stdin.write("\n")
            ours.stdin.flush()
            turns.append((reference, float(ours.stdout.readline())))
        ours.stdin.close()
        ours.wait()
        apart = np.abs(np.fromfile(answer, np.float32).reshape(theirs.shape) - theirs)
        turns = turns[1:]
    median = [statistics.median(turn[k] for turn in turns) for k in (0, 1)]
    ratio = statistics.median(a / b for a, b in turns)
    print(f"| {name} | {precision} | {options.side} | {median[0] * 1e3:.0f} | {median[1] * 1e3:.0f} | {ratio:.2f} |"
          f" {(apart / (np.abs(theirs) + 1)).max():.1e} |", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bench")
    parser.add_argument("--side", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--networks", default=",".join(NETWORKS))
    options = parser.parse_args()
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads")
    print("| network | numbers | LR side | PyTorch ms | samsr ms | ratio | apart |\n| --- | --- | --- | --- | --- | --- | --- |")
    for name in options.networks.split(","):
        for precision in ("fp32", "bf16"):
            compare(name, precision, options)


if __name__ == "__main__":
    main()
