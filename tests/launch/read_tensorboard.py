"""Prints what TensorBoard's own reader finds in a folder, as JSON:
{"scalars": {tag: [[step, value], …]}, "images": {tag: [[step, width, height, width and height in the PNG], …]}}."""

import json
import struct
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

events = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0, "images": 0})
events.Reload()
tags = events.Tags()
json.dump(
    {
        "scalars": {tag: [[e.step, e.value] for e in events.Scalars(tag)] for tag in tags["scalars"]},
        "images": {
            tag: [
                [e.step, e.width, e.height, *struct.unpack(">II", e.encoded_image_string[16:24])]
                for e in events.Images(tag)
            ]
            for tag in tags["images"]
        },
    },
    sys.stdout,
)
