"""What samsr_student.py needs for the very pictures of `samsr upscale`: its random stream, and its masks of a picture.

numpy alone. The stream is drawn as core/rng.cpp draws it, masks are made as segmentation/graph makes them, for models
that enlarge four times.
"""

import math

import numpy as np

CELL = 64            # side of the squares that noise is drawn in
MASK_WINDOW = 64     # LR pixels that are segmented at once, as upscale.mask_window
WORDS = 2**64 - 1


def mixed(z):
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & WORDS
    z = (z ^ z >> 27) * 0x94D049BB133111EB & WORDS
    return z ^ z >> 31


def derived_seed(seed, purpose, indices):
    golden, name = 0x9E3779B97F4A7C15, 0xCBF29CE484222325
    for byte in purpose.encode():
        name = (name ^ byte) * 0x100000001B3 & WORDS
    state = mixed(seed + golden & WORDS) ^ name
    for index in indices:
        state = mixed(state + golden & WORDS) ^ mixed(index + golden & WORDS)
    return mixed(state + golden & WORDS)


def stream_words(seeds, count):
    """The first `count` numbers of the stream (xoshiro256++) of each seed: (seeds, count) uint64."""
    state = np.array([[mixed(seed + 0x9E3779B97F4A7C15 * n & WORDS) for seed in seeds] for n in range(1, 5)], np.uint64)
    a, b, c, d = state
    words = np.empty((count, len(seeds)), np.uint64)
    left = [np.uint64(n) for n in (23, 41, 17, 45, 19)]
    for word in words:
        total = a + d
        word[:] = (total << left[0] | total >> left[1]) + a
        shifted = b << left[2]
        c ^= a
        d ^= b
        b ^= c
        a ^= d
        c ^= shifted
        d[:] = d << left[3] | d >> left[4]
    return words.T


def normal_numbers(words, count):
    """The first `count` standard normal numbers that a stream gives, by the ziggurat of 256 layers."""
    tail, area = 3.6541528853610088, 0.00492867323399
    edges = [area / math.exp(-0.5 * tail * tail), tail]
    while len(edges) < 256:
        edges.append(math.sqrt(-2 * math.log(area / edges[-1] + math.exp(-0.5 * edges[-1] ** 2))))
    edges = np.array([*edges, 0.0])
    density = np.exp(-0.5 * edges**2)
    layer = (words & np.uint64(255)).astype(np.int64)
    part = (words >> np.uint64(11)).astype(np.float64) * 2.0**-53
    value = part * edges[layer]
    sign = np.where(words & np.uint64(256), -1.0, 1.0)
    used, after = np.ones(len(words), bool), 0
    for at in np.flatnonzero(value >= edges[layer + 1]):  # one in eighty, which take further numbers
        if at < after:
            continue
        after = at + 2
        if layer[at] == 0:
            x, y = (-math.log(1 - part[after - 1]) / tail, -math.log(1 - part[after]))
            after += 1
            while y + y < x * x:
                x, y = (-math.log(1 - part[after]) / tail, -math.log(1 - part[after + 1]))
                after += 2
            value[at] = tail + x
        else:
            low, high = density[layer[at]], density[layer[at] + 1]
            used[at] = low + part[at + 1] * (high - low) < math.exp(-0.5 * value[at] ** 2)
        used[at + 1 : after] = False
    return (sign * value)[used][:count].astype(np.float32)


def samsr_noise(seed, channels, height, width):
    """(1,C,h,w) float32: what `samsr upscale` starts from, the same at a place whatever lies around it."""
    places = [(0, row, column) for row in range(-(-height // CELL)) for column in range(-(-width // CELL))]
    count = channels * CELL * CELL
    words = stream_words([derived_seed(seed, "upscale.noise", place) for place in places], count + count // 16 + 256)
    noise = np.empty((1, channels, -(-height // CELL) * CELL, -(-width // CELL) * CELL), np.float32)
    for (_, row, column), stream in zip(places, words):
        cell = normal_numbers(stream, count).reshape(channels, CELL, CELL)
        noise[0, :, row * CELL : (row + 1) * CELL, column * CELL : (column + 1) * CELL] = cell
    return noise[:, :, :height, :width]


# Masks: a graph segmentation (Felzenszwalb and Huttenlocher 2004) at four scales.

def enlarged_bicubically(picture, scale):
    """uint8 (H,W,3) enlarged with Keys' kernel of a = -0.75, rounded as samsr rounds."""
    def along_rows(image):
        length, near, far = len(image), lambda d: ((1.25 * d - 2.25) * d) * d + 1, \
            lambda d: ((-0.75 * d + 3.75) * d - 6) * d + 3
        x = (np.arange(length * scale) + 0.5) / scale - 0.5
        t = x - np.floor(x)
        total = np.zeros((length * scale, *image.shape[1:]), np.float32)
        for tap, weight in enumerate((far(t + 1), near(t), near(1 - t), far(2 - t))):
            source = image[np.clip(np.floor(x).astype(int) - 1 + tap, 0, length - 1)]
            weight = weight.astype(np.float32).astype(np.float64)[:, None, None]
            total = (weight * source + total).astype(np.float32)
        return total
    unit = picture.astype(np.float32) / np.float32(255)
    large = along_rows(along_rows(unit).transpose(1, 0, 2)).transpose(1, 0, 2)
    return np.clip(np.rint(large * np.float32(255)), 0, 255).astype(np.uint8)


def blurred(image):
    """int64 (H,W,3) under the Gaussian of σ = 0.8, seven taps in 1/65536, as OpenCV blurs 16 bits."""
    taps = np.exp(-0.5 * (np.arange(-3, 4) / 0.8) ** 2)
    taps, kernel, error = taps / taps.sum() * 65536, [], 0.0
    for tap in taps[:3]:
        kernel.append(round(tap + error))
        error = tap + error - kernel[-1]
    kernel = [*kernel, 65536 - 2 * sum(kernel), *reversed(kernel)]
    def along(image, axis):
        padded = np.pad(image, [(3, 3) if each == axis else (0, 0) for each in range(3)], "reflect")
        return sum(tap * np.take(padded, range(n, n + image.shape[axis]), axis) for n, tap in enumerate(kernel))
    return along(along(image, 1), 0) + (1 << 31) >> 32


def segments(edges, pixels, k, smallest):
    """The label of each pixel, in the order of their first pixels, of edges sorted by weight (in 1/16 of a level)."""
    parent, size, threshold = list(range(pixels)), [1] * pixels, [k * 16.0] * pixels

    def root(pixel):
        while parent[pixel] != pixel:
            parent[pixel] = parent[parent[pixel]]
            pixel = parent[pixel]
        return pixel

    for joins in (lambda a, b, weight: weight <= threshold[a] and weight <= threshold[b],
                  lambda a, b, weight: size[a] < smallest or size[b] < smallest):
        for start, end, weight in edges:
            a, b = root(start), root(end)
            if a != b and joins(a, b, weight):
                if size[a] < size[b]:
                    a, b = b, a
                parent[b] = a
                size[a] += size[b]
                threshold[a] = weight + k * 16.0 / size[a]
    labels = {}
    return np.array([labels.setdefault(root(pixel), len(labels)) for pixel in range(pixels)])


def coverage_of_window(picture):
    """uint8 (H,W,3), the LR picture through samsr's enlargement → (H,W) the number of masks over each pixel."""
    height, width, _ = picture.shape
    colours = blurred(picture.astype(np.int64) * 256).astype(np.float64)
    number = np.arange(height * width).reshape(height, width)
    start, end, weight, order = [], [], [], []
    for step, (x, y) in enumerate(((1, 0), (0, 1), (1, 1), (-1, 1))):
        here = np.s_[: height - y, max(-x, 0) : width - max(x, 0)]
        there = np.s_[y:, max(x, 0) : width + min(x, 0)]
        start.append(number[here].ravel())
        end.append(number[there].ravel())
        weight.append((np.sqrt(((colours[here] - colours[there]) ** 2).sum(-1)) / 16).astype(np.int64).ravel())
        order.append(4 * start[-1] + step)
    start, end, weight, order = map(np.concatenate, (start, end, weight, order))
    sorted_edges = np.lexsort((order, weight))
    edges = list(zip(*(each[sorted_edges].tolist() for each in (start, end, weight))))
    counts, masks = np.zeros(height * width, np.int64), []
    for k, smallest in ((150, 8), (300, 16), (600, 24), (1200, 32)):
        labels = segments(edges, height * width, k, smallest)
        found = [labels == label for label in range(labels.max() + 1)]
        found = [mask for mask in found if 0.002 * len(labels) <= mask.sum() <= 0.3 * len(labels)]
        found = [mask for mask in found
                 if not any((mask & other).sum() >= 0.8 * (mask | other).sum() for other in masks)]
        counts += sum(found, np.zeros_like(counts))
        masks += found
    return counts.reshape(height, width)


def coverage_of(picture):
    """Masks over each pixel of the LR picture, uint8 (H,W,3): (1,1,H,W) float32, window by window."""
    height, width, _ = picture.shape
    large = enlarged_bicubically(picture, 4)
    small = np.rint(large.reshape(height, 4, width, 4, 3).sum((1, 3)) / 16).astype(np.uint8)
    counts = np.zeros((height, width), np.float32)
    bounds = [[n * length // -(-length // MASK_WINDOW) for n in range(-(-length // MASK_WINDOW) + 1)]
              for length in (height, width)]
    for top, bottom in zip(bounds[0], bounds[0][1:]):
        for left, right in zip(bounds[1], bounds[1][1:]):
            counts[top:bottom, left:right] = coverage_of_window(small[top:bottom, left:right])
    return counts[None, None]
