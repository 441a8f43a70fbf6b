#!/usr/bin/env python3
"""Pictures by ncnn and by samsr from the same files in ncnn's format: SRVGGNetCompact and RRDBNet at published size.

    pip install ncnn numpy pillow
    python bench/ncnn_reference.py build/cpu/bin/samsr PICTURE [--side 128]

Writes the networks as ncnn's converters do (X.param, X.bin; float32 and float16 storage) with random weights, scaled so
that results look like pictures, and enlarges the middle of PICTURE with ncnn, and with `samsr weights convert` and `samsr
upscale`. Prints by how many grey levels the results differ, and ends with status 1 where it is more than one.
"Changed by the network": the standard deviation of ncnn's result from the picture enlarged by nearest neighbours.
"""
import argparse
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import ncnn
import numpy as np
from PIL import Image

FLOAT32, FLOAT16 = 0, 0x01306B47  # the words before weights in X.bin
LEAK = 0.2


class Files:
    """Layers and weights in the order in which they are written."""

    def __init__(self, half):
        self.half, self.lines, self.uses, self.bin = half, [], {}, bytearray()
        self.random = np.random.default_rng(20)
        self.layer("Input", [], "data")

    def layer(self, kind, inputs, output, *parameters):
        self.lines.append((kind, inputs, output, parameters))
        for blob in inputs:
            self.uses[blob] = self.uses.get(blob, 0) + 1
        return output

    def conv(self, blob, features, channels, gain, leaky=False, bias=0.0):
        """`gain`: root mean square of the output over that of the input."""
        count = features * channels * 9
        leak = ("9=2", f"-23310=1,{LEAK:e}") if leaky else ()
        weight = self.random.normal(0, gain / np.sqrt(channels * 9), count)
        self.bin += struct.pack("<I", FLOAT16 if self.half else FLOAT32)
        self.numbers(weight, np.float16 if self.half else np.float32)
        self.numbers(self.random.normal(bias, 0.01, features), np.float32)
        return self.layer("Convolution", [blob], f"conv{len(self.lines)}", f"0={features}", "1=3", "4=1", "5=1",
                          f"6={count}", *leak)

    def numbers(self, values, kind):
        content = values.astype(kind).tobytes()
        self.bin += content + bytes(-len(content) % 4)

    def param(self):
        """The text; a blob that several layers read is split, as ncnn wants it."""
        text, blobs, left = [], 0, {}
        for number, (kind, inputs, output, parameters) in enumerate(self.lines):
            taken = []
            for blob in inputs:
                if self.uses[blob] > 1:
                    left[blob] -= 1
                    blob = f"{blob}_splitncnn_{left[blob]}"
                taken.append(blob)
            text.append(" ".join([f"{kind:<16} {kind}_{number:<10} {len(inputs)} 1", *taken, output, *parameters]))
            blobs += 1
            uses = self.uses.get(output, 0)
            if uses > 1:
                left[output] = uses
                copies = [f"{output}_splitncnn_{k}" for k in range(uses)]
                text.append(" ".join([f"{'Split':<16} split_{number:<10} 1 {uses}", output, *copies]))
                blobs += uses
        return f"7767517\n{len(text)} {blobs}\n" + "\n".join(text) + "\n"


def srvgg(half, features=64, convs=32, scale=4):
    files = Files(half)
    blob, channels = "data", 3
    for _ in range(convs + 1):
        slopes = files.random.uniform(0.05, 0.4, features)
        blob = files.conv(blob, features, channels, np.sqrt(2 / (1 + 0.25**2)))
        files.numbers(slopes, np.float32)
        blob = files.layer("PReLU", [blob], f"prelu{len(files.lines)}", f"0={features}")
        channels = features
    blob = files.conv(blob, 3 * scale**2, features, 0.1)
    blob = files.layer("PixelShuffle", [blob], "shuffled", f"0={scale}")
    base = files.layer("Interp", ["data"], "base", "0=1", f"1={scale:e}", f"2={scale:e}")
    files.layer("BinaryOp", [blob, base], "output", "0=0")
    return files


def rrdbnet(half, features=64, growth=32, blocks=23):
    files = Files(half)
    kept = np.sqrt(2 / (1 + LEAK**2))

    def weighted_sum(blob, other):
        return files.layer("Eltwise", [blob, other], f"sum{len(files.lines)}", "0=1", f"-23301=2,{0.2:e},{1.0:e}")

    def dense(blob):
        maps = [blob]
        for k in range(5):
            joined = maps[0] if k == 0 else files.layer("Concat", list(maps), f"concat{len(files.lines)}")
            last = k == 4
            maps.append(files.conv(joined, features if last else growth, features + k * growth, 1 if last else kept,
                                   leaky=not last))
        return weighted_sum(maps[-1], blob)

    first = files.conv("data", features, 3, 1)
    blob = first
    for _ in range(blocks):
        block = blob
        for _ in range(3):
            block = dense(block)
        blob = weighted_sum(block, blob)
    blob = files.conv(blob, features, features, 0.5)
    blob = files.layer("BinaryOp", [first, blob], "body", "0=0")
    for up in range(2):
        blob = files.layer("Interp", [blob], f"up{up}", "0=1", f"1={2.0:e}", f"2={2.0:e}")
        blob = files.conv(blob, features, features, kept, leaky=True)
    blob = files.conv(blob, features, features, kept, leaky=True)
    # The network has no way around itself for the picture, so its colours lie about a middle grey.
    blob = files.conv(blob, 3, features, 0.01, bias=0.5)
    files.lines[-1] = (*files.lines[-1][:2], "output", files.lines[-1][3])
    return files


NETWORKS = {"SRVGGNetCompact": srvgg, "RRDBNet": rrdbnet}


def by_ncnn(param, weights, picture):
    net = ncnn.Net()
    net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = False
    net.load_param(str(param))
    net.load_model(str(weights))
    channels = np.ascontiguousarray(picture.transpose(2, 0, 1).astype(np.float32) / 255)  # a Mat does not copy it
    extractor = net.create_extractor()
    extractor.input("data", ncnn.Mat(channels))
    _, out = extractor.extract("output")
    return np.array(out).transpose(1, 2, 0) * 255


def by_samsr(samsr, folder, param, weights, source):
    converted, result = folder / "converted.safetensors", folder / "result.png"
    convert = ["weights", "convert", param, weights, converted]
    for command in (convert, ["upscale", source, result, "--model", converted]):
        done = subprocess.run([samsr, *map(str, command)], capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"samsr {command[0]}: {done.stdout}{done.stderr}")
    return np.asarray(Image.open(result).convert("RGB")).astype(int)


def middle_of(path, side):
    picture = Image.open(path).convert("RGB")
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    if left < 0 or top < 0:
        sys.exit(f"{path}: is smaller than {side} x {side} pixels")
    return picture.crop((left, top, left + side, top + side))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("samsr")
    parser.add_argument("picture")
    parser.add_argument("--side", type=int, default=128)
    options = parser.parse_args()
    picture = middle_of(options.picture, options.side)
    print(f"ncnn {ncnn.__version__}, {options.side} x {options.side} pixels of {Path(options.picture).name}")
    print("| network | stored as | changed by the network | clipped | largest difference | values that differ |")
    print("| --- | --- | ---: | ---: | ---: | ---: |")
    worst = 0
    for name, network in NETWORKS.items():
        for half in (False, True):
            with tempfile.TemporaryDirectory() as scratch:
                folder = Path(scratch)
                source, param, weights = folder / "in.png", folder / "x.param", folder / "x.bin"
                picture.save(source)
                files = network(half)
                param.write_text(files.param())
                weights.write_bytes(files.bin)
                levels = by_ncnn(param, weights, np.asarray(picture))
                theirs = np.floor(np.clip(levels, 0, 255) + 0.5).astype(int)
                apart = np.abs(theirs - by_samsr(options.samsr, folder, param, weights, source))
            worst = max(worst, apart.max())
            clipped = np.mean((levels < 0) | (levels > 255))
            scale = theirs.shape[0] // options.side
            changed = np.std(levels - np.asarray(picture).repeat(scale, 0).repeat(scale, 1))
            print(f"| {name} | float{16 if half else 32} | {changed:.1f} levels | {clipped:.1%} | {apart.max()} |"
                  f" {np.mean(apart > 0):.4%} |", flush=True)
    sys.exit(int(worst > 1))


if __name__ == "__main__":
    main()
