#!/usr/bin/env python3
"""A student of samsr in plain PyTorch: the pictures of `samsr upscale`, to one grey level, without samsr.

    samsr_student.py IN.png OUT.png [--weights student.safetensors] [--seed 1] [--plain]
    samsr_student.py --onnx student.onnx [--tile 128]

Needs torch, numpy and samsr_noise.py, which lies beside it; Pillow for picture files, onnx for --onnx. Reads files of
`samsr train` and of models/embedded whose latents are pixels (first_stage.type space_to_depth or none), of recipes in
one step. From a program:

    student = load("student.safetensors")
    result = upscale(student, picture)      # uint8 RGB (H,W,3) as numpy has it, any size → (4H,4W,3)
"""

import argparse
import json
import math
import os
import struct
import warnings

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

SHIPPED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../models/embedded/student.safetensors")
GROUPS = 32              # of every norm
TILE, OVERLAP = 512, 32  # LR pixels, as upscale.tile and upscale.overlap are by themselves


# The file: weights, and beside them the settings that they were trained with.

def read_safetensors(path):
    """Metadata and tensors, in single precision where they are numbers with a fraction."""
    types = {"F32": np.float32, "F16": np.float16, "I64": np.int64}
    with open(path, "rb") as file:
        data = file.read()
    size, = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + size])
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        begin, end = (8 + size + offset for offset in entry["data_offsets"])
        array = np.frombuffer(data[begin:end], dtype=types[entry["dtype"]]).reshape(entry["shape"])
        tensors[name] = torch.from_numpy(array.astype(np.float32) if array.dtype.kind == "f" else array.copy())
    return metadata, tensors


def read_settings(text):
    """The settings of the metadata, YAML of sections, numbers, words and lists: {"unet.image_size": 64, …}."""
    found, sections = {}, []
    for line in text.splitlines():
        name, _, value = line.strip().partition(":")
        sections = sections[: (len(line) - len(line.lstrip())) // 2]
        value = value.strip()
        if value:
            try:
                found[".".join([*sections, name])] = json.loads(value)
            except ValueError:
                found[".".join([*sections, name])] = value
        sections.append(name)
    return found


# The network: UNet with Swin blocks, under the official names of ResShift.

def conv(channels, out, side, stride=1):
    return nn.Conv2d(channels, out, side, stride, side // 2)


class Resampled(nn.Module):
    """Half, twice or the same size, with a convolution or without. (B,C,H,W)"""

    def __init__(self, channels, direction, with_conv):
        super().__init__()
        self.direction = direction
        if with_conv:
            name, stride = ("op", 2) if direction == "down" else ("conv", 1)
            self.add_module(name, conv(channels, channels, 3, stride))

    def forward(self, x, _):
        if self.direction == "down":
            return self.op(x) if hasattr(self, "op") else F.avg_pool2d(x, 2)
        x = F.interpolate(x, scale_factor=2.0, mode="nearest")
        return self.conv(x) if hasattr(self, "conv") else x


class ResBlock(nn.Module):
    """Two convolutions; the step scales and shifts the second norm, or is added before it."""

    def __init__(self, channels, out, embedding, scale_shift, direction=None):
        super().__init__()
        self.scale_shift = scale_shift
        self.resample = Resampled(channels, direction, False) if direction else None
        self.in_layers = nn.Sequential(nn.GroupNorm(GROUPS, channels), nn.SiLU(), conv(channels, out, 3))
        self.emb_layers = nn.Sequential(nn.SiLU(), nn.Linear(embedding, (2 if scale_shift else 1) * out))
        self.out_layers = nn.Sequential(nn.GroupNorm(GROUPS, out), nn.SiLU(), nn.Dropout(0), conv(out, out, 3))
        self.skip_connection = conv(channels, out, 1) if channels != out else nn.Identity()

    def forward(self, x, embedding):
        h = self.in_layers[:2](x)
        if self.resample:
            h, x = self.resample(h, None), self.resample(x, None)
        h = self.in_layers[2](h)
        step = self.emb_layers(embedding)[:, :, None, None]
        if self.scale_shift:
            scale, shift = step.chunk(2, 1)
            h = self.out_layers[0](h) * (1 + scale) + shift
        else:
            h = self.out_layers[0](h + step)
        return self.skip_connection(x) + self.out_layers[3](F.silu(h))


def shifted_window_mask(height, width, side, shift):
    """-100 where two pixels of a shifted window do not belong together, as the official code has it."""
    stretch = torch.zeros(height)
    stretch[height - side :] = 1
    stretch[height - shift :] = 2
    region = stretch.view(height // side, 1, 1, side).expand(-1, width // side, side, side).reshape(-1, side * side)
    return (region[:, None] != region[:, :, None]).float() * -100


class WindowAttention(nn.Module):
    """(B,windows,pixels,C)"""

    def __init__(self, channels, side, heads):
        super().__init__()
        self.heads = heads
        self.relative_position_bias_table = nn.Parameter(torch.zeros((2 * side - 1) ** 2, heads))
        self.qkv = nn.Linear(channels, 3 * channels)
        self.proj = nn.Linear(channels, channels)
        row = torch.arange(side).repeat_interleave(side)
        column = torch.arange(side).repeat(side)
        self.offset = (row[:, None] - row + side - 1) * (2 * side - 1) + column[:, None] - column + side - 1

    def forward(self, x, mask):
        images, windows, pixels, channels = x.shape
        qkv = self.qkv(x).view(images, windows, pixels, 3, self.heads, channels // self.heads)
        query, key, value = qkv.permute(3, 0, 1, 4, 2, 5)
        scores = query @ key.transpose(-1, -2) * (channels // self.heads) ** -0.5
        scores = scores + self.relative_position_bias_table[self.offset.to(x.device)].permute(2, 0, 1)
        if mask is not None:
            scores = scores + mask[:, None].to(x.device)
        return self.proj((scores.softmax(-1) @ value).transpose(2, 3).reshape(images, windows, pixels, channels))


class SwinBlock(nn.Module):
    """(B,C,H,W), sides that are multiples of the window's."""

    def __init__(self, channels, heads, side, shift, ratio):
        super().__init__()
        self.side, self.shift = side, shift
        self.norm1 = nn.GroupNorm(GROUPS, channels)
        self.attn = WindowAttention(channels, side, heads)
        self.norm2 = nn.GroupNorm(GROUPS, channels)
        hidden = int(channels * ratio)
        self.mlp = nn.ModuleDict({"fc1": conv(channels, hidden, 1), "fc2": conv(hidden, channels, 1)})

    def forward(self, x):
        (images, channels, height, width), side, shift = x.shape, self.side, self.shift
        h = self.norm1(x).permute(0, 2, 3, 1).roll((-shift, -shift), (1, 2))
        h = h.reshape(images, height // side, side, width // side, side, channels).transpose(2, 3)
        mask = shifted_window_mask(height, width, side, shift) if shift else None
        h = self.attn(h.reshape(images, -1, side * side, channels), mask)
        h = h.reshape(images, height // side, width // side, side, side, channels).transpose(2, 3)
        x = x + h.reshape(images, height, width, channels).roll((shift, shift), (1, 2)).permute(0, 3, 1, 2)
        return x + self.mlp["fc2"](F.gelu(self.mlp["fc1"](self.norm2(x))))


class SwinLayer(nn.Module):
    """A row of Swin blocks, every second of shifted windows, between two convolutions of one pixel."""

    def __init__(self, channels, inner, heads, side, size, depth, ratio):
        super().__init__()
        shift = side // 2 if side < size else 0
        self.patch_embed = nn.ModuleDict({"proj": conv(channels, inner, 1)})
        self.blocks = nn.Sequential(*(SwinBlock(inner, heads, side, shift * (n % 2), ratio) for n in range(depth)))
        self.patch_unembed = nn.ModuleDict({"proj": conv(inner, channels, 1)})

    def forward(self, x, _):
        return self.patch_unembed["proj"](self.blocks(self.patch_embed["proj"](x)))


class UNet(nn.Module):
    """x (B,C,h,w), step (B), lq (B,3,H,W) → (B,C,h,w)."""

    def __init__(self, settings):
        super().__init__()
        of = lambda name: settings["unet." + name]
        base, widths = of("model_channels"), [int(m * of("model_channels")) for m in of("channel_mult")]
        blocks, sizes = of("num_res_blocks"), [of("image_size") >> level for level in range(len(widths))]
        self.base, self.cond_lq, embedding = base, of("cond_lq"), 4 * base
        sides, attends = zip(*((min(of("window_size"), size), size in of("attention_resolutions")) for size in sizes))
        self.multiple = math.lcm(2 ** (len(widths) - 1), *(
            side << level for level, side in enumerate(sides) if attends[level] or level == len(widths) - 1))

        def residual(channels, out, direction=None):
            return ResBlock(channels, out, embedding, of("use_scale_shift_norm"), direction)

        def swin(level):
            inner = of("swin_embed_dim")
            return SwinLayer(widths[level], inner, inner // of("num_head_channels"), sides[level], sizes[level],
                             of("swin_depth"), of("mlp_ratio"))

        def resampled(channels, direction):
            return (residual(channels, channels, direction) if of("resblock_updown")
                    else Resampled(channels, direction, of("conv_resample")))

        self.time_embed = nn.Sequential(nn.Linear(base, embedding), nn.SiLU(), nn.Linear(embedding, embedding))
        width, kept = widths[0], [widths[0]]
        down, up = [[conv(of("in_channels"), width, 3)]], []
        for level, channels in enumerate(widths):
            for number in range(blocks[level]):
                down.append([residual(width, channels)] + ([swin(level)] if number == 0 and attends[level] else []))
                width = channels
                kept.append(width)
            if level + 1 < len(widths):
                down.append([resampled(width, "down")])
                kept.append(width)
        self.middle_block = nn.ModuleList([residual(width, width), swin(len(widths) - 1), residual(width, width)])
        for level in reversed(range(len(widths))):
            for number in range(blocks[level] + 1):
                layers = [residual(width + kept.pop(), widths[level])]
                width = widths[level]
                layers += [swin(level)] if number == 0 and attends[level] else []
                layers += [resampled(width, "up")] if number == blocks[level] and level > 0 else []
                up.append(layers)
        self.input_blocks = nn.ModuleList(nn.ModuleList(layers) for layers in down)
        self.output_blocks = nn.ModuleList(nn.ModuleList(layers) for layers in up)
        self.out = nn.Sequential(nn.GroupNorm(GROUPS, width), nn.SiLU(), conv(width, of("out_channels"), 3))

    def forward(self, x, step, lq):
        if self.cond_lq:
            fold, enlarge = lq.shape[2] // x.shape[2], x.shape[2] // lq.shape[2]
            lq = F.pixel_unshuffle(lq, fold) if fold > 1 else lq
            lq = F.interpolate(lq, scale_factor=float(enlarge), mode="nearest") if enlarge > 1 else lq
            x = torch.cat([x, lq], 1)
        half = self.base // 2
        angles = step.float()[:, None] * torch.exp(torch.arange(half, device=x.device) * (-math.log(10000) / half))
        embedding = self.time_embed(F.pad(torch.cat([angles.cos(), angles.sin()], 1), (0, self.base % 2)))
        x = self.input_blocks[0][0](x)
        kept = [x]
        for layers in self.input_blocks[1:]:
            for layer in layers:
                x = layer(x, embedding)
            kept.append(x)
        for layer in self.middle_block:
            x = layer(x, embedding)
        for layers in self.output_blocks:
            x = torch.cat([x, kept.pop()], 1)
            for layer in layers:
                x = layer(x, embedding)
        return self.out(x)


class Student(nn.Module):
    """One step from noise around the enlarged picture to the result (docs/method.md of samsr)."""

    def __init__(self, settings, scale, masks):
        super().__init__()
        self.scale, self.masks = scale, masks
        pixels = settings["first_stage.type"] == "none"
        self.factor = 1 if pixels else settings["first_stage.factor"]
        self.latent_scale = settings["first_stage.scale_factor"]
        self.channels = 3 * self.factor**2
        self.unet = UNet(settings)
        self.steps, self.kappa = settings["diffusion.steps"], settings["diffusion.kappa"]
        self.residual = settings["diffusion.predict_type"] == "residual"
        root = settings["diffusion.etas_end"]
        self.eta = root**2  # of the last step
        self.divisor = 1
        if settings["diffusion.normalize_input"]:
            self.divisor = 3 * self.kappa * root + 1 if pixels else math.sqrt((self.kappa * root) ** 2 + 1)
        moved = settings.get("samsr.modulate", "both")
        self.m_eta = settings["samsr.m"] if moved in ("both", "eta") else 0
        self.m_kappa = settings["samsr.m"] if moved in ("both", "kappa") else 0
        # Sides of LR pictures are multiples of this.
        whole = self.unet.multiple * self.factor
        self.multiple = whole // math.gcd(whole, scale)

    def summed(self, noise, counts, largest):
        """N_sum (SAMSR Eq. 6) in its coverage form; plain noise where no mask lies anywhere."""
        return noise * torch.sqrt(counts + (largest == 0).float())

    def forward(self, lq, noise, counts=None, statistics=None):
        """lq (1,3,H,W) in [-1,1], H and W multiples of `multiple`; noise (1,C,h,w) standard normal; counts (1,1,h,w):
        masks over each pixel, and their largest number, mean and deviation of N_sum over the whole picture. None for
        plain noise. → (1,3,sH,sW) in [-1,1]."""
        enlarged = F.interpolate(lq, scale_factor=float(self.scale), mode="bicubic") if self.scale > 1 else lq
        z_y = F.pixel_unshuffle(enlarged, self.factor) * self.latent_scale
        if counts is None:
            x = z_y + self.kappa * math.sqrt(self.eta) * noise
        else:
            largest, mean, deviation = statistics
            weight = counts / largest.clamp_min(1)
            kappa, eta = self.kappa * (1 - self.m_kappa * weight), self.eta * (1 + self.m_eta * weight)
            x = z_y + kappa * eta.sqrt() * (self.summed(noise, counts, largest) - mean) / deviation
        step = torch.full((1,), self.steps - 1, device=lq.device)
        answer = self.unet(x / self.divisor, step, lq)
        answer = z_y - answer if self.residual else answer
        return F.pixel_shuffle(answer / self.latent_scale, self.factor).clamp(-1, 1)


def load(path):
    """The student of a file, ready to use."""
    metadata, tensors = read_safetensors(path)
    if metadata.get("format") != "samsr-model/1" or not metadata.get("kind", "").endswith("student"):
        raise SystemExit(f"{path}: no one-step student of samsr; samsr weights inspect says what it is")
    settings = read_settings(metadata["config"])
    if (settings["first_stage.type"] == "vq_f4" or settings["samsr.variant"] != "paper" or
            settings.get("unet.noise_channels", 0) > 0):
        raise SystemExit(f"{path}: has an autoencoder, the variant released or noise channels; use samsr upscale")
    masks = settings.get("samsr.mask_noise", "auto")
    masks = metadata["kind"] == "sam_student" if masks == "auto" else masks
    student = Student(settings, int(metadata["scale"]), masks)
    computed = ("relative_position_index", "attn_mask")
    student.unet.load_state_dict({name: each for name, each in tensors.items() if not name.endswith(computed)})
    return student.eval()


# Pictures of any size.

def reflected(image, height, width):
    """(1,C,H,W) mirrored at the bottom and right to the size."""
    for axis, length in ((2, height), (3, width)):
        period = max(2 * (image.shape[axis] - 1), 1)
        phase = torch.arange(length) % period
        image = image.index_select(axis, torch.minimum(phase, period - phase).clamp_max(image.shape[axis] - 1))
    return image


def noise_shape(student, picture):
    """(1,C,h,w) of the noise of a picture, uint8 (H,W,3), which is mirrored to what the network takes."""
    sides = (-(-side // student.multiple) * student.multiple for side in picture.shape[:2])
    return (1, student.channels, *(side * student.scale // student.factor for side in sides))


def tiles_along(length, multiple):
    """Begins of the tiles of an axis, their side and what neighbours share."""
    tile = max(TILE // multiple * multiple, multiple)
    if length <= tile:
        return [0], length, 0
    stride = (tile - OVERLAP) // multiple * multiple
    return [*range(0, length - tile, stride), length - tile], tile, tile - stride


def weights_along(tile, overlap, scale):
    if not overlap:
        return torch.ones(tile * scale)
    place = torch.arange(tile * scale) + 0.5
    t = (torch.minimum(place, tile * scale - place) / (overlap * scale)).clamp_max(1)
    return t * t * (3 - 2 * t)


@torch.no_grad()
def upscale(student, picture, seed=1, masks=None, noise=None):
    """uint8 RGB (H,W,3) → uint8 (sH,sW,3), as `samsr upscale` makes it from this seed. `masks`: whether they shape the
    noise; by itself as the student was trained. `noise`: (1,C,h,w) standard normal of noise_shape() in its place."""
    import samsr_noise
    scale, factor, device = student.scale, student.factor, next(student.parameters()).device
    masks = student.masks if masks is None else masks
    if masks and scale != 4:
        raise SystemExit(f"masks are made for ×4 here, and this student enlarges ×{scale}; samsr upscale does it")
    lq = torch.from_numpy(picture.astype(np.float32)).permute(2, 0, 1)[None] / 127.5 - 1
    shape = noise_shape(student, picture)
    height, width = (side * factor // scale for side in shape[2:])
    lq = reflected(lq, height, width)
    noise = torch.from_numpy(samsr_noise.samsr_noise(seed, *shape[1:])) if noise is None else noise
    counts, statistics = None, None
    if masks:
        counts = reflected(torch.from_numpy(samsr_noise.coverage_of(picture)), height, width)
        counts = F.interpolate(counts, size=shape[2:])
        summed = student.summed(noise, counts, counts.max()).double()
        statistics = [each.float().to(device) for each in (counts.max(), summed.mean(), summed.std(correction=0))]
    rows, columns = (tiles_along(side, student.multiple) for side in (height, width))
    weights = torch.outer(*(weights_along(tile, shared, scale) for _, tile, shared in (rows, columns)))
    total, share = (torch.zeros(channels, height * scale, width * scale) for channels in (3, 1))
    for top in rows[0]:
        for left in columns[0]:
            def piece(image):
                """Of an image that covers the whole picture in pixels of its own."""
                by = image.shape[-1] / width
                ends = [int(at * by) for at in (top, top + rows[1], left, left + columns[1])]
                return image[..., ends[0] : ends[1], ends[2] : ends[3]]
            inputs = (None if each is None else piece(each).to(device) for each in (lq, noise, counts))
            piece(total).add_(student(*inputs, statistics)[0].cpu() * weights)
            piece(share).add_(weights)
    result = ((total / share + 1) * 127.5).round().to(torch.uint8)
    return result[:, : picture.shape[0] * scale, : picture.shape[1] * scale].permute(1, 2, 0).numpy()


# ONNX.

class Exported(nn.Module):
    """lq (1,3,T,T) RGB in [0,1], noise (1,C,t,t), coverage (1,1,T,T), the masks over each pixel, where they shape the
    noise → image in [0,1]."""

    def __init__(self, student):
        super().__init__()
        self.student = student

    def forward(self, lq, noise, coverage=None):
        if coverage is None:
            return (self.student(lq * 2 - 1, noise) + 1) / 2
        counts = F.interpolate(coverage, size=noise.shape[2:])
        largest = counts.amax()
        summed = self.student.summed(noise, counts, largest)
        mean = summed.mean()
        statistics = (largest, mean, (summed - mean).square().mean().sqrt())
        return (self.student(lq * 2 - 1, noise, counts, statistics) + 1) / 2


def export_onnx(student, path, tile):
    """Writes the student for pictures of tile × tile LR pixels."""
    if tile < 1 or tile % student.multiple:
        raise SystemExit(f"--tile {tile}: a multiple of {student.multiple} is needed")
    noise = torch.zeros(1, student.channels, *(2 * [tile * student.scale // student.factor]))
    inputs = {"lq": torch.zeros(1, 3, tile, tile), "noise": noise}
    inputs |= {"coverage": torch.ones(1, 1, tile, tile)} if student.masks else {}
    warnings.simplefilter("ignore", torch.jit.TracerWarning)  # sizes are constants, as they are meant to be
    torch.onnx.export(Exported(student).eval(), tuple(inputs.values()), path, input_names=list(inputs),
                      output_names=["image"], opset_version=17, dynamo=False)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("input", nargs="?", metavar="IN", help="a picture")
    parser.add_argument("output", nargs="?", metavar="OUT", help="a picture file")
    parser.add_argument("--weights", default=SHIPPED, help="of a student (default: models/embedded)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plain", action="store_true", help="noise without masks, as samsr upscale --noise plain")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--onnx", metavar="FILE", help="write the student as ONNX")
    parser.add_argument("--tile", type=int, default=128, help="side of the pictures of the ONNX file, LR pixels")
    options = parser.parse_args()
    if not (options.onnx or options.output):
        parser.error("IN and OUT are needed, or --onnx FILE")
    student = load(options.weights)
    if options.onnx:
        export_onnx(student, options.onnx, options.tile)
    if options.output:
        from PIL import Image
        picture = np.asarray(Image.open(options.input).convert("RGB"))
        result = upscale(student.to(options.device), picture, options.seed, False if options.plain else None)
        Image.fromarray(result).save(options.output)


if __name__ == "__main__":
    main()
