#!/usr/bin/env python3
"""Reads a shard through h5py one sample at a time, in random order: what loader_bench is compared with.

    loader_bench DIR
    python3 bench/h5py_reader.py DIR/vq_f4/shard-000000.h5 lr coverage z_hr z_lr

Each dataset is looked up for every sample, as shard[name][index]; with --hold once. With --decode images become float32
planes, as in the loader. No checksum is computed. Needs h5py and numpy.
"""

import argparse
import random
import time

import h5py
import numpy


def decoded(array):
    if array.dtype == numpy.uint8 and array.ndim == 3:
        return numpy.ascontiguousarray(array.transpose(2, 0, 1)).astype(numpy.float32) / 127.5 - 1
    return array


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shard")
    parser.add_argument("fields", nargs="+", help="datasets to read of each sample")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--hold", action="store_true", help="look each dataset up once")
    parser.add_argument("--decode", action="store_true", help="8-bit images to float32 planes")
    arguments = parser.parse_args()
    with h5py.File(arguments.shard, "r") as shard:
        for name in arguments.fields:
            samples = len(shard[name][:])  # into the page cache
        order = list(range(samples))
        held = {name: shard[name] for name in arguments.fields}
        samples = size = 0
        start = time.perf_counter()
        while time.perf_counter() - start < arguments.seconds:
            random.shuffle(order)
            for index in order:
                for name in arguments.fields:
                    value = (held if arguments.hold else shard)[name][index]
                    size += value.nbytes
                    if arguments.decode:
                        decoded(value)
                samples += 1
        seconds = time.perf_counter() - start
    print(f"{samples / seconds:.0f} samples/s, {size / seconds / 1e9:.2f} GB/s")


if __name__ == "__main__":
    main()
