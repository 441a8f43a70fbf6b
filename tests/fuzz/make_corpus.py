#!/usr/bin/env python3
"""make_corpus.py FOLDER: the small files from which the fuzz targets start (tests/fuzz/corpus). Needs Pillow, numpy."""

import io
import json
import pathlib
import struct
import sys
import tarfile
import zipfile
import zlib

import numpy
from PIL import Image

root = pathlib.Path(sys.argv[1])


def put(target, name, content):
    (root / target).mkdir(parents=True, exist_ok=True)
    (root / target / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def saved(picture, target, name, **options):
    (root / target).mkdir(parents=True, exist_ok=True)
    picture.save(root / target / name, **options)


def archives():
    def tar(form, members):
        held = io.BytesIO()
        with tarfile.open(fileobj=held, mode="w", format=form) as archive:
            for name, content in members.items():
                entry = tarfile.TarInfo(name)
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
        content = held.getvalue().rstrip(b"\0")
        return content + bytes(1024 + -len(content) % 512)  # two empty blocks, not a record of twenty

    def zipped(method, members):
        held = io.BytesIO()
        with zipfile.ZipFile(held, "w", method) as archive:
            for name, content in members.items():
                archive.writestr(zipfile.ZipInfo(name), content, method)
        return held.getvalue()

    members = {"a.png": b"12345", "b/é.jpg": b"x" * 700, "l" * 120 + ".png": b"1", "../c.png": b"2"}
    for name, form in {"gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}.items():
        put("archive", name + ".tar", tar(form, members))
    put("archive", "nested.tar", tar(tarfile.USTAR_FORMAT, {"in.tar": tar(tarfile.USTAR_FORMAT, {"a.png": b"1"})}))
    for name, method in {"stored": zipfile.ZIP_STORED, "deflated": zipfile.ZIP_DEFLATED, "lzma": zipfile.ZIP_LZMA}.items():
        put("archive", name + ".zip", zipped(method, members))


def images():
    ramp = numpy.arange(7 * 9 * 3).reshape(7, 9, 3).astype(numpy.uint8)
    rgb = Image.fromarray(ramp)
    rgba = rgb.convert("RGBA")
    rgba.putalpha(rgb.convert("L"))
    grey16 = Image.fromarray(numpy.arange(63).reshape(7, 9).astype(numpy.uint16) * 999)
    for name, picture in {"rgb": rgb, "rgba": rgba, "grey": rgb.convert("L"), "palette": rgb.convert("P"),
                          "one_bit": rgb.convert("1"), "grey_alpha": rgba.convert("LA"), "grey16": grey16}.items():
        saved(picture, "image", name + ".png")
        if name != "grey_alpha":
            for kind in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits"):
                saved(picture, "image", f"{name}_{kind}.tif", compression=kind)
    saved(rgb.convert("CMYK"), "image", "cmyk.tif")
    saved(rgb.convert("YCbCr"), "image", "ycbcr.tif")
    saved(rgb, "image", "jpeg.tif", compression="jpeg")
    saved(rgb.convert("1"), "image", "group4.tif", compression="group4")
    saved(rgb, "image", "big.tif", big_tiff=True)
    saved(rgb, "image", "two_pages.tif", save_all=True, append_images=[rgb])
    for name, picture in {"rgb": rgb, "grey": rgb.convert("L"), "cmyk": rgb.convert("CMYK")}.items():
        saved(picture, "image", name + ".jpg", quality=60)
        saved(picture, "image", name + "_progressive.jpg", quality=60, progressive=True)
    exif = Image.Exif()
    exif[0x112] = 6
    saved(rgb, "image", "exif.jpg", exif=exif, icc_profile=b"profile" * 20)
    saved(rgba, "image", "lossy.webp", quality=50)
    saved(rgba, "image", "lossless.webp", lossless=True)
    saved(rgb, "image", "frames.webp", save_all=True, append_images=[rgb.rotate(180)], exif=exif)
    for name, picture in {"rgb": rgb, "palette": rgb.convert("P"), "one_bit": rgb.convert("1"), "rgba": rgba}.items():
        saved(picture, "image", name + ".bmp")
    rle = bytes([9, 5, 0, 0] * 7 + [0, 1])
    palette = b"".join(bytes([i, i, i, 0]) for i in range(16))
    head = struct.pack("<IiiHHIIiiII", 40, 9, 7, 1, 8, 1, len(rle), 0, 0, 16, 0)
    put("image", "rle8.bmp", b"BM" + struct.pack("<IHHI", 14 + 40 + 64 + len(rle), 0, 0, 14 + 40 + 64) + head + palette + rle)
    put("image", "p1.pbm", "P1\n# a comment\n3 2\n1 0 1\n0 1 0\n")
    put("image", "p2.pgm", "P2 3 2 15\n1 2 3 4 5 15\n")
    put("image", "p3.ppm", "P3 2 1 255\n1 2 3 4 5 6\n")
    put("image", "p4.pbm", b"P4 9 2\n\xff\x80\x01\x00")
    put("image", "p5.pgm", b"P5 3 2 65535\n" + bytes(range(12)))
    put("image", "p6.ppm", b"P6 2 2 255\n" + bytes(range(12)))
    put("image", "p7.pam", b"P7\nWIDTH 2\nHEIGHT 1\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n" + bytes(range(8)))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    bomb = zlib.compress(bytes(1 << 16))
    put("image", "bomb.png", b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 1 << 30, 1 << 30, 8, 2, 0, 0, 0)) +
        chunk(b"IDAT", bomb) + chunk(b"IEND", b""))
    put("image", "bomb.pgm", b"P5 2000000000 2000000000 255\n")


def shards():
    """Records of shard_fuzz.cpp: name, line end, value, 0x1e."""

    def shard(name, config, content, datasets, **others):
        records = {"format": "samsr-shard/1", "config": config, "content": content, "seed": 3, "first_index": 0,
                   "scale": 2, "tool": "samsr"} | datasets | others
        put("shard", name, "\x1e".join(f"{key}\n{value}" for key, value in records.items()) + "\x1e")

    pictures = {"hr": "u8 3 2 12 16 3", "lr": "u8 5 2 6 8 3", "coverage": "u8 1 2 6 8"}
    latents = {"z_hr": "f16 17 2 5 3 4", "z_lr": "f16 9 2 5 3 4"}
    rollouts = {"rollout/x0": "f16 7 2 3 5 3 4", "rollout/noise_seed": "u64 1 2 3"}
    config = "data:\n  scale: 2\n"
    content = "data.scale: 2\n"
    shard("pairs", config, content, pictures | {"source": "t19 64 2", "crc32c": "u32 0 2 4"})
    shard("whole", config, content, pictures | {"coverage_hr": "u8 2 2 6 8"} | latents | rollouts |
          {"masks": "t40 65 2", "crc32c": "u32 0 2 9"})
    shard("cut", config, content, pictures | {"crc32c": "u32 0 2 3"}, cut=3000)
    shard("wide", "a: [", "data.scale: x\n", {"hr": "u8 3 1 2 4096 3", "lr": "u8 5 1 1 2048 3", "crc32c": "u32 0 1 2"})


def texts():
    entry = {"file": "shard-000000.h5", "first_index": 0, "samples": 2, "bytes": 40, "crc32c": {"lr": "00ff00ff"}}
    other = dict(entry, file="shard-000001.h5", first_index=2)
    put("manifest", "two.json", json.dumps({"format": "samsr-dataset/1", "samples": 4, "shards": [entry, other]}))
    put("manifest", "none.json", json.dumps({"format": "samsr-dataset/1", "shards": []}))
    put("manifest", "path.json", json.dumps({"format": "samsr-dataset/1", "shards": [dict(entry, file="../a.h5")]}))
    put("manifest", "numbers.json", '{"format":"samsr-dataset/1","shards":[{"file":"a","first_index":-1,"samples":1e300,'
        '"bytes":18446744073709551616,"crc32c":{}}]}')
    put("manifest", "deep.json", "[" * 3000)
    state = {"format": "samsr-checkpoint/1", "step": 10, "position": 80, "seed": 5, "dataset_size": 100, "config": "a: 1\n",
             "config_crc32c": 1, "epoch": 0, "files": {"ema.safetensors": 7, "student.safetensors": 8}, "crc32c": 0}
    put("state", "whole.json", json.dumps(state))
    put("state", "path.json", json.dumps(dict(state, files={"../a.safetensors": 1})))
    put("state", "types.json", json.dumps(dict(state, step=-1.5, files=[], config=None)))
    put("settings", "file.yaml", "\0unet:\n  model_channels: 32\n  channel_mult: [1, 2]\n  num_res_blocks: [1, 1]\n"
        "diffusion: {steps: 4, kappa: 2.0}\nsamsr:\n  m: 0.2\n")
    put("settings", "aliases.yaml", "\0a: &a [1, 1]\nunet: &b\n  channel_mult: *a\n  x: *b\n")
    put("settings", "merge.yaml", "\0base: other.yaml\n---\n<<: {unet.dropout: .inf}\n? [a, b]\n: !tag c\n")
    put("settings", "keys.txt", "\1unet.model_channels=65536\nunet.channel_mult=[1e300, .nan]\nsamsr.variant=released\n"
        "unet.attention_resolutions=[8,4]\ndiffusion.kappa=~\nunet.dropout=0x10\n")
    put("rle", "mask", bytes([5, 7]) + b"0a0c0" + b"5")
    put("rle", "full", bytes([6, 6]) + b"0T1")
    put("rle", "empty", bytes([0, 0]))
    put("rle", "one", bytes([1, 1]) + b"1")


def safetensors():
    def file(header, data=b""):
        text = header if isinstance(header, bytes) else json.dumps(header).encode()
        return struct.pack("<Q", len(text)) + text + data

    tensor = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
    put("safetensors", "two", file({"__metadata__": {"config": "unet: {}"}, "a": tensor,
                                    "b": {"dtype": "U8", "shape": [], "data_offsets": [8, 9]}}, bytes(9)))
    put("safetensors", "twice", file(b'{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{}}'))
    put("safetensors", "huge", file({"a": {"dtype": "F64", "shape": [0, 1 << 62, 8], "data_offsets": [0, 0]}}))
    says = {"format": "samsr-lora/1", "rank": "1", "alpha": "1", "base_weights": "00000000"}
    put("safetensors", "adapters", file({"__metadata__": says, "l.lora_A.weight": dict(tensor, shape=[1, 2]),
                                         "l.lora_B.weight": dict(tensor, shape=[2, 1], data_offsets=[8, 16])}, bytes(16)))
    put("safetensors", "deep", file(b'{"a":' + b"[" * 3000))


def statistics():
    """Files of numpy's for npz_fuzz.cpp and tests/eval/npz_test.cpp."""

    def saved_arrays(name, save=numpy.savez, **arrays):
        held = io.BytesIO()
        save(held, **arrays)
        put("npz", name, held.getvalue())

    mu, sigma = numpy.array([0.0, 1.0]), numpy.array([[2.0, 0.5], [0.5, 1.0]])
    saved_arrays("savez.npz", mu=mu, sigma=sigma)
    saved_arrays("savez_compressed.npz", numpy.savez_compressed, mu=mu, sigma=sigma, other=numpy.arange(3))
    saved_arrays("fortran_float32.npz", mu=mu.astype("f4"), sigma=numpy.asfortranarray(sigma.astype("f4")))
    saved_arrays("order.npz", rows=numpy.arange(6.0).reshape(2, 3),
                 columns=numpy.asfortranarray(numpy.arange(6.0).reshape(2, 3)))
    saved_arrays("objects.npz", mu=numpy.array([{}, 1], dtype=object), sigma=sigma)
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for key, array in {"mu": mu, "sigma": sigma}.items():
            entry = io.BytesIO()
            numpy.lib.format.write_array(entry, array, version=(2, 0))
            archive.writestr(zipfile.ZipInfo(key + ".npy"), entry.getvalue())
    put("npz", "version2.npz", held.getvalue())


def ncnn():
    """Text, a zero byte, numbers: the smallest SRVGGNetCompact, and an RRDBNet cut short."""

    def conv(name, out, into, half):
        weights = struct.pack("<I", 0x01306B47 if half else 0) + bytes((out * into * 9 * (2 if half else 4) + 3) // 4 * 4)
        return (f"Convolution {name} 1 1 a b 0={out} 1=3 4=1 5=1 6={out * into * 9}\n", weights + bytes(4 * out))

    def file(layers):
        text = "".join(each[0] for each in layers)
        return f"7767517\n{len(layers)} 9\n{text}".encode() + b"\0" + b"".join(each[1] for each in layers)

    for half in (False, True):
        put("ncnn", "half" if half else "single", file([
            ("Input data 0 1 a\n", b""), conv("c0", 2, 3, half), ("PReLU p 1 1 b c 0=2\n", bytes(8)), conv("c1", 12, 2, half),
            ("PixelShuffle s 1 1 d e 0=2\n", b""), ("Interp i 1 1 a f 0=1 1=2.0 2=2.0\n", b""),
            ("BinaryOp add 2 1 e f o 0=0\n", b"")]))
    put("ncnn", "cut", file([("Input data 0 1 a\n", b"")] + [
        (conv(f"c{i}", 2, 2, True)[0].replace("5=1", "5=1 9=2 -23310=1,2.0e-01"), b"") for i in range(21)]))


archives()
images()
shards()
statistics()
texts()
safetensors()
ncnn()
