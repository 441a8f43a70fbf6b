"""Weights as PyTorch writes them, the form in which official models are published: a .zip with a pickle."""

import json
import struct
import zipfile


def number(value):
    return b"\x8a\x08" + value.to_bytes(8, "little", signed=True)


def text(value):
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


def numbers(values):
    return b"(" + b"".join(map(number, values)) + b"t"


def tensor(key, type_name, shape):
    """A contiguous one with a storage of its own."""
    strides = []
    count = 1
    for side in reversed(shape):
        strides.insert(0, count)
        count *= side
    storage = (b"(" + text("storage") + b"ctorch\n" + type_name.encode() + b"\n" + text(key) + text("cpu") +
               number(count) + b"tQ")
    return (b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + number(0) + numbers(shape) + numbers(strides) +
            b"\x89ccollections\nOrderedDict\n)RtR")


def as_pth(path, wrapped):
    """Writes a safetensors file of float32 and int64 anew as torch.save does; under `state_dict` where wrapped."""
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    pickle = b"\x80\x02}" + (text("state_dict") + b"}" if wrapped else b"")
    with zipfile.ZipFile(path, "w") as archive:
        for i, (name, entry) in enumerate(header.items()):
            type_name = {"F32": "FloatStorage", "I64": "LongStorage"}[entry["dtype"]]
            pickle += text(name) + tensor(str(i), type_name, entry["shape"]) + b"s"
            begin, end = (8 + length + offset for offset in entry["data_offsets"])
            archive.writestr(f"archive/data/{i}", data[begin:end])
        archive.writestr("archive/data.pkl", pickle + (b"s" if wrapped else b"") + b".")
        archive.writestr("archive/version", "3\n")
