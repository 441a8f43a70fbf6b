"""Weights by rule (tests/golden/README.md): the same numbers in any language, from a tensor's name and shape."""
import numpy as np
import torch

MASK64 = 2**64 - 1


def seed_of(name):
    state = 0xCBF29CE484222325
    for byte in name.encode():
        state = ((state ^ byte) * 0x100000001B3) & MASK64
    return np.uint64(state)


def by_rule(name, shape):
    count = int(np.prod(shape))
    with np.errstate(over="ignore"):
        z = seed_of(name) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    u = (z >> np.uint64(40)).astype(np.float64) * 2.0**-23 - 1
    if name.endswith("running_var"):
        u = 1 + 0.25 * u
    elif name.endswith("running_mean"):
        u *= 0.1
    elif len(shape) >= 2:
        u *= np.sqrt(3 / (count / shape[0]))
    elif name.endswith("weight"):
        u = 1 + 0.1 * u
    else:
        u *= 0.1
    return torch.from_numpy(u.astype(np.float32).reshape(shape))
