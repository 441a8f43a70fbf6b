"""The step of SAMSR's training in plain PyTorch, to be timed beside train_step_bench: the same network, losses,
optimizer and average at the paper's size. The network is transcribed from models/unet_swin.cpp.

    gpu_reference.py --device cuda --teacher cached --batch 8,32,64 [--passes one|three] [--compile] [--json]

The student is asked three times with gradient and once without; `--passes one` asks the three in one pass of three
times the batch, as samsr does, `three` one after another, as the published code does. Weights are fresh and data is
noise, whose cost is the same; so coefficients of the process are constants.
"""

import argparse
import json
import statistics
import time

import torch
import torch.nn.functional as F
from torch import nn

GROUPS = 32
STEPS = 15               # of the teacher's rollout
FORWARD_GFLOP = 101.3    # one image of 64×64 latents through the paper's network (docs/scaling.md)
GIGA = 1e9


class ResidualBlock(nn.Module):
    """Two convolutions, whose second norm the step scales and shifts. (B,C,H,W) → (B,out,H,W)"""

    def __init__(self, channels, out, embedding):
        super().__init__()
        self.norm_in = nn.GroupNorm(GROUPS, channels)
        self.conv_in = nn.Conv2d(channels, out, 3, padding=1)
        self.embedding = nn.Linear(embedding, 2 * out)
        self.norm_out = nn.GroupNorm(GROUPS, out)
        self.conv_out = nn.Conv2d(out, out, 3, padding=1)
        self.skip = nn.Conv2d(channels, out, 1) if channels != out else nn.Identity()

    def forward(self, x, embedding):
        hidden = self.conv_in(F.silu(self.norm_in(x)))
        scale, shift = self.embedding(F.silu(embedding))[:, :, None, None].chunk(2, 1)
        hidden = self.conv_out(F.silu(self.norm_out(hidden) * (1 + scale) + shift))
        return self.skip(x) + hidden


class WindowAttention(nn.Module):
    """Attention within windows, with a bias for each offset of two pixels. (B,windows,pixels,C)"""

    def __init__(self, channels, side, heads):
        super().__init__()
        self.heads = heads
        self.bias = nn.Parameter(torch.zeros((2 * side - 1) ** 2, heads))
        self.qkv = nn.Linear(channels, 3 * channels)
        self.projection = nn.Linear(channels, channels)
        row = torch.arange(side).repeat_interleave(side)
        column = torch.arange(side).repeat(side)
        offset = (row[:, None] - row + side - 1) * (2 * side - 1) + column[:, None] - column + side - 1
        self.register_buffer("offset", offset.flatten())

    def forward(self, x, mask):
        images, windows, pixels, channels = x.shape
        width = channels // self.heads
        query, key, value = (self.qkv(x).view(images, windows, pixels, 3, self.heads, width)
                             .permute(3, 0, 1, 4, 2, 5).contiguous())
        bias = self.bias.index_select(0, self.offset).view(pixels, pixels, self.heads).permute(2, 0, 1).contiguous()
        if mask is None:
            shape, bias = (images * windows, self.heads, pixels, width), bias[None]
        else:
            shape = (images, windows * self.heads, pixels, width)
            bias = (bias[None] + mask[:, None]).view(1, windows * self.heads, pixels, pixels)
        answer = F.scaled_dot_product_attention(query.view(shape), key.view(shape), value.view(shape),
                                                bias.to(query.dtype))
        answer = answer.reshape(images, windows, self.heads, pixels, width).transpose(2, 3)
        return self.projection(answer.reshape(images, windows, pixels, channels))


class SwinBlock(nn.Module):
    """Window attention and a hidden layer, each with a norm before and a sum after."""

    def __init__(self, channels, heads, side, shift, size, ratio):
        super().__init__()
        self.side, self.shift = side, shift
        self.norm_attention = nn.GroupNorm(GROUPS, channels)
        self.attention = WindowAttention(channels, side, heads)
        self.norm_hidden = nn.GroupNorm(GROUPS, channels)
        self.hidden_in = nn.Conv2d(channels, ratio * channels, 1)
        self.hidden_out = nn.Conv2d(ratio * channels, channels, 1)
        # The values do not change the cost.
        self.register_buffer("mask", torch.zeros((size // side) ** 2, side**2, side**2) if shift else None)

    def forward(self, x):
        images, channels, height, width = x.shape
        side = self.side
        rows, columns = height // side, width // side
        hidden = self.norm_attention(x).permute(0, 2, 3, 1)
        if self.shift:
            hidden = hidden.roll((-self.shift, -self.shift), (1, 2))
        hidden = hidden.reshape(images, rows, side, columns, side, channels).permute(0, 1, 3, 2, 4, 5)
        hidden = self.attention(hidden.reshape(images, rows * columns, side * side, channels), self.mask)
        hidden = hidden.reshape(images, rows, columns, side, side, channels).permute(0, 1, 3, 2, 4, 5)
        hidden = hidden.reshape(images, height, width, channels)
        if self.shift:
            hidden = hidden.roll((self.shift, self.shift), (1, 2))
        x = x + hidden.permute(0, 3, 1, 2)
        return x + self.hidden_out(F.gelu(self.hidden_in(self.norm_hidden(x))))


class SwinLayer(nn.Module):
    """A row of Swin blocks between two convolutions, every second of shifted windows."""

    def __init__(self, channels, inner, heads, side, size, depth, ratio):
        super().__init__()
        shift = side // 2 if side < size else 0
        self.enter = nn.Conv2d(channels, inner, 1)
        self.blocks = nn.Sequential(*(SwinBlock(inner, heads, side, shift if number % 2 else 0, size, ratio)
                                      for number in range(depth)))
        self.leave = nn.Conv2d(inner, channels, 1)

    def forward(self, x, _):
        return self.leave(self.blocks(self.enter(x)))


class Downsample(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, stride=2, padding=1)

    def forward(self, x, _):
        return self.conv(x)


class Upsample(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x, _):
        return self.conv(F.interpolate(x, scale_factor=2.0, mode="nearest"))


class UNet(nn.Module):
    """ResShift's network: noisy latent and LR image of one size, the step → latent. Defaults are the paper's."""

    def __init__(self, channels=160, multiples=(1, 2, 2, 4), blocks=2, inner=192, head=32, side=8, size=64, depth=2,
                 ratio=4, latent=3):
        super().__init__()
        embedding, levels = 4 * channels, range(len(multiples))
        self.channels = channels
        self.step_in = nn.Linear(channels, embedding)
        self.step_out = nn.Linear(embedding, embedding)

        def swin(level):
            here = size >> level
            return SwinLayer(channels * multiples[level], inner, inner // head, min(side, here), here, depth, ratio)

        width = channels * multiples[0]
        self.enter = nn.Conv2d(latent + 3, width, 3, padding=1)
        kept = [width]
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        for level in levels:
            for number in range(blocks):
                layers = [ResidualBlock(width, channels * multiples[level], embedding)]
                width = channels * multiples[level]
                if number == 0:
                    layers.append(swin(level))
                self.down.append(nn.ModuleList(layers))
                kept.append(width)
            if level != levels[-1]:
                self.down.append(nn.ModuleList([Downsample(width)]))
                kept.append(width)
        self.middle = nn.ModuleList([ResidualBlock(width, width, embedding), swin(levels[-1]),
                                     ResidualBlock(width, width, embedding)])
        for level in reversed(levels):
            for number in range(blocks + 1):
                layers = [ResidualBlock(width + kept.pop(), channels * multiples[level], embedding)]
                width = channels * multiples[level]
                if number == 0:
                    layers.append(swin(level))
                if number == blocks and level > 0:
                    layers.append(Upsample(width))
                self.up.append(nn.ModuleList(layers))
        self.norm = nn.GroupNorm(GROUPS, width)
        self.leave = nn.Conv2d(width, latent, 3, padding=1)

    def forward(self, x, step, lq):
        half = self.channels // 2
        rates = torch.exp(torch.arange(half, device=x.device) * (-9.21034 / half))
        angles = step.float()[:, None] * rates
        embedding = self.step_out(F.silu(self.step_in(torch.cat([angles.cos(), angles.sin()], 1))))
        x = self.enter(torch.cat([x, lq], 1))
        kept = [x]
        for layers in self.down:
            for layer in layers:
                x = layer(x, embedding)
            kept.append(x)
        for layer in self.middle:
            x = layer(x, embedding)
        for layers in self.up:
            x = torch.cat([x, kept.pop()], 1)
            for layer in layers:
                x = layer(x, embedding)
        return self.leave(F.silu(self.norm(x)))


class Trainer:
    """Networks and optimizer, and a step on a batch of noise."""

    def __init__(self, options):
        self.options = options
        self.device = torch.device(options.device)
        self.student = self._network()
        self.average = self._network().requires_grad_(False)
        self.average.load_state_dict(self.student.state_dict())
        self.teacher = self._network().requires_grad_(False) if options.teacher == "online" else None
        self.optimizer = torch.optim.AdamW(self.student.parameters(), lr=5e-5, weight_decay=0, fused=True)
        self.ask_student, self.ask_teacher = self.student, self.teacher
        if options.compile:
            self.ask_student = torch.compile(self.student)
            self.ask_teacher = torch.compile(self.teacher) if self.teacher else None

    def _network(self):
        small = {"channels": 32, "multiples": (1, 2), "blocks": 1, "inner": 64, "size": 32}
        return UNet(**(small if self.options.small else {})).to(self.device, memory_format=torch.channels_last)

    def noise_batch(self, count):
        """Latents of the truth and of the enlarged image, LR image, the teacher's answer: (count,3,S,S) in [-1,1]."""
        size = 32 if self.options.small else 64
        return [torch.rand(count, 3, size, size, device=self.device) * 2 - 1 for _ in range(4)]

    def step(self, batch):
        self.optimizer.zero_grad(set_to_none=False)
        count = len(batch[0])
        part = min(self.options.microbatch or count, count)
        for begin in range(0, count, part):
            piece = [tensor[begin : begin + part] for tensor in batch]
            (self._loss(*piece) * (len(piece[0]) / count)).backward()
        torch.nn.utils.get_total_norm([parameter.grad for parameter in self.student.parameters()])
        self.optimizer.step()
        torch._foreach_lerp_(list(self.average.parameters()), list(self.student.parameters()), 0.001)

    def _loss(self, z_0, z_y, lq, teachers):
        """SinSR's three losses, on SAMSR's process."""
        first = torch.zeros(len(z_0), dtype=torch.long, device=self.device)
        last = first + STEPS - 1
        x_t = z_y + 2 * 0.99 * torch.randn_like(z_y)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.options.precision == "bf16"):
            if self.ask_teacher is not None:
                with torch.no_grad():
                    teachers = self._rollout(x_t, z_y, lq)
            with torch.no_grad():
                inverse = self.ask_student(z_0 / 2.2, first, lq).float()
            inputs = [x_t / 2.2, teachers / 2.2, inverse / 2.2]
            steps = [last, first, last]
            if self.options.passes == "one":
                answers = self.ask_student(torch.cat(inputs), torch.cat(steps), lq.repeat(3, 1, 1, 1)).float().chunk(3)
            else:
                answers = [self.ask_student(x, step, lq).float() for x, step in zip(inputs, steps)]
        return sum((answer - wanted).square().mean() for answer, wanted in zip(answers, (teachers, x_t, z_0)))

    def _rollout(self, x, z_y, lq):
        for step in reversed(range(STEPS)):
            steps = torch.full((len(x),), step, device=self.device)
            x = 0.5 * self.ask_teacher(x / 2.2, steps, lq).float() + 0.3 * x + 0.2 * z_y
        return x

    def wait(self):
        if self.device.type == "cuda":
            torch.cuda.synchronize()


def measure(trainer, count):
    """Median of the steps' seconds, and the peak of the GPU's memory in bytes."""
    options = trainer.options
    batch = trainer.noise_batch(count)
    gpu = trainer.device.type == "cuda"
    if gpu:
        torch.cuda.reset_peak_memory_stats()
    seconds = []
    for number in range(options.warm_up + options.steps):
        trainer.wait()
        start = time.perf_counter()
        trainer.step(batch)
        trainer.wait()
        if number >= options.warm_up:
            seconds.append(time.perf_counter() - start)
    return statistics.median(seconds), torch.cuda.max_memory_allocated() if gpu else None


def figures_of(trainer, count):
    options = trainer.options
    who = "python-compiled" if options.compile else "python-eager"
    figures = {"who": who if options.passes == "one" else who + "-3passes", "device": options.device,
               "size": "small" if options.small else "paper", "teacher": options.teacher,
               "precision": options.precision, "batch": count, "microbatch": options.microbatch or count}
    try:
        seconds, peak = measure(trainer, count)
    except torch.OutOfMemoryError as error:
        return figures | {"error": f"out of memory: {str(error).splitlines()[0][:160]}"}
    figures |= {"ms": round(seconds * 1e3, 2), "images_s": round(count / seconds, 2)}
    if not options.small:
        # Three passes with gradient cost nine, one without costs one.
        forwards = 10 + (STEPS if options.teacher == "online" else 0)
        figures["tflops"] = round(forwards * FORWARD_GFLOP * GIGA * count / seconds / 1e12, 2)
    if peak is not None:
        figures["peak_gb"] = round(peak / GIGA, 2)
    return figures


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda", choices=("cpu", "cuda"))
    parser.add_argument("--teacher", default="cached", choices=("cached", "online"))
    parser.add_argument("--batch", default="16", help="images a step; several, separated by commas")
    parser.add_argument("--microbatch", type=int, default=0, help="images at once (default: the batch)")
    parser.add_argument("--passes", default="one", choices=("one", "three"))
    parser.add_argument("--precision", default="bf16", choices=("fp32", "bf16"))
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--small", action="store_true", help="a small network, to try this program")
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--warm-up", type=int, default=3)
    parser.add_argument("--parameters", action="store_true", help="count the network's parameters instead")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.parameters:
        with torch.device("meta"):
            network = UNet()
        print(f"{sum(p.numel() for p in network.parameters()) / 1e6:.3f} M parameters in "
              f"{len(list(network.parameters()))} tensors")
        return
    torch.manual_seed(0)
    torch.backends.cudnn.allow_tf32 = False  # fp32 is IEEE's, as samsr's
    trainer = Trainer(options)
    for count in map(int, options.batch.split(",")):
        figures = figures_of(trainer, count)
        print(json.dumps(figures) if options.json else figures, flush=True)


if __name__ == "__main__":
    main()
