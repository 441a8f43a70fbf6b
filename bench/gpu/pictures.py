"""Synthetic photographs as PNG files: gradients, discs and fine stripes, each picture others, the same every time.

    pictures.py FOLDER --count 8 --size 320
"""

import argparse
import os
import random
import struct
import zlib


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def row(y, size, discs, slope):
    """One row of RGB bytes."""
    line = bytearray()
    discs = [disc for disc in discs if abs(y - disc[1]) < disc[2]]
    for x in range(size):
        colour = ((x * slope + y) // 3 % 256, (y * slope + x) // 4 % 256, (x + y) // 2 % 256)
        for cx, cy, radius, of_disc, stripes in discs:
            if (x - cx) ** 2 + (y - cy) ** 2 < radius * radius:
                shade = 40 if (x + y * slope) // stripes % 2 else 0
                colour = tuple(max(0, value - shade) for value in of_disc)
        line += bytes(colour)
    return bytes(line)


def picture(size, seed):
    draw = random.Random(seed)
    discs = [(draw.randrange(size), draw.randrange(size), draw.randrange(size // 12, size // 4),
              tuple(draw.randrange(256) for _ in range(3)), draw.randrange(1, 9)) for _ in range(6)]
    rows = b"".join(b"\0" + row(y, size, discs, seed % 4 + 1) for y in range(size))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b""))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--count", type=int, default=8)
    parser.add_argument("--size", type=int, default=320)
    arguments = parser.parse_args()
    os.makedirs(arguments.folder, exist_ok=True)
    for number in range(arguments.count):
        with open(os.path.join(arguments.folder, f"{number}.png"), "wb") as file:
            file.write(picture(arguments.size, number))


if __name__ == "__main__":
    main()
