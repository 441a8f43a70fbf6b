#!/usr/bin/env python3
"""launch/python/samsr_student.py against the program: python_student_test.py SAMSR LIBTORCH

Both upscale the same pictures with the shipped student and may differ by one grey level. Status 77 (skipped) where this
python3 has no numpy or torch, nor can take torch from the wheel in the folder LIBTORCH.
"""

import os
import struct
import subprocess
import sys
import tempfile
import zlib

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SIZES = ((20, 33), (64, 64), (70, 90))  # mirrored at the edge; one window of masks; several
MOST_THAT_DIFFER = 1e-3


def environment_with_torch(libtorch):
    """The environment in which torch and numpy can be imported; else why not."""
    for more in ({}, {"PYTHONPATH": libtorch}):
        environment = {**os.environ, **more, "OMP_NUM_THREADS": "1"}
        tried = subprocess.run([sys.executable, "-c", "import numpy, torch"], env=environment, capture_output=True,
                               text=True, check=False)
        if tried.returncode == 0:
            return environment, None
    return None, (tried.stderr.strip().splitlines() or ["no reason given"])[-1]


def read_png(path):
    """uint8 (H,W,3) of a PNG file of 8-bit RGB."""
    import numpy as np
    with open(path, "rb") as file:
        data = file.read()
    width, height, bits, colour = struct.unpack(">IIBB", data[16:26])
    assert (bits, colour) == (8, 2), (bits, colour)
    packed, at = b"", 8
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at : at + 8])
        packed += data[at + 8 : at + 8 + size] if kind == b"IDAT" else b""
        at += 12 + size
    lines = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(height, 1 + 3 * width)
    rows = np.zeros((height + 1, 3 * (width + 1)), np.int64)  # a row and a pixel of zeroes before the first
    for y, line in enumerate(lines, 1):
        for x, value in enumerate(line[1:].tolist(), 3):
            left, up, corner = (int(each) for each in (rows[y, x - 3], rows[y - 1, x], rows[y - 1, x - 3]))
            nearest = min((left, up, corner), key=lambda each: abs(left + up - corner - each))
            rows[y, x] = value + (0, left, up, (left + up) // 2, nearest)[line[0]] & 255
    return rows[1:, 3:].reshape(height, width, 3).astype(np.uint8)


def picture(height, width):
    """Slopes, a disc and some grain."""
    import numpy as np
    y, x = np.mgrid[:height, :width]
    slopes = np.stack([3 * x % 256, 2 * y + x, 255 - 2 * x], -1)
    disc = (y - height / 2) ** 2 + (x - width / 3) ** 2 < (height / 3) ** 2
    slopes[disc] = (200, 60, 40)
    return (slopes + np.random.RandomState(height).randint(-9, 10, slopes.shape)).clip(0, 255).astype(np.uint8)


def compare(samsr):
    sys.path.insert(0, os.path.join(ROOT, "launch/python"))
    import numpy as np
    import samsr_student
    student = samsr_student.load(samsr_student.SHIPPED)
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        for height, width in SIZES:
            rgb = picture(height, width)
            source, result = os.path.join(folder, "in.ppm"), os.path.join(folder, "out.png")
            with open(source, "wb") as file:
                file.write(b"P6\n%d %d\n255\n" % (width, height) + rgb.tobytes())
            for options, seed, masks in (([], 1, None), (["--noise", "plain", "--seed", "3"], 3, False)):
                subprocess.run([samsr, "upscale", source, result, *options, "train.threads=1"], check=True,
                               stdout=subprocess.DEVNULL)
                made = samsr_student.upscale(student, rgb, seed, masks)
                difference = np.abs(made.astype(int) - read_png(result).astype(int))
                share = (difference > 0).mean()
                fits = difference.max() <= 1 and share < MOST_THAT_DIFFER
                failures += not fits
                print(f"{width}x{height} {' '.join(options) or 'as trained'}: at most {difference.max()} grey levels, "
                      f"{share:.1e} of the values differ{'' if fits else ': FAILED'}")
    try:
        samsr_student.load(os.path.join(ROOT, "models/embedded/teacher.safetensors"))
        failures += 1
        print("the teacher was taken for a student: FAILED")
    except SystemExit as error:
        assert "no one-step student" in str(error), error
    return 1 if failures else 0


def main():
    samsr, libtorch = sys.argv[1:3]
    if "--compare" in sys.argv:
        return compare(samsr)
    environment, reason = environment_with_torch(libtorch)
    if environment is None:
        print(f"skipped: python3 cannot import numpy and torch, not even from {libtorch}: {reason}")
        return 77
    return subprocess.run([sys.executable, "-B", __file__, samsr, libtorch, "--compare"], env=environment,
                          check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
