"""Writes the files of this folder with PyTorch 2.11, numpy and safetensors: python make.py"""
import argparse
import collections
import io
import os
import pathlib
import zipfile

import numpy
import safetensors.torch
import torch

HERE = pathlib.Path(__file__).parent


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(2, 3, 3)
        self.norm = torch.nn.BatchNorm2d(3)
        self.head = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.Linear(2, 2))

    def forward(self, x):
        return self.head(self.norm(self.conv(x)).mean((2, 3)))


class Hostile:
    def __reduce__(self):
        return os.system, ("true",)


class Pipe(io.RawIOBase):
    """Cannot seek, so that zipfile puts sizes and CRCs behind the data."""

    def __init__(self):
        self.bytes = bytearray()

    def writable(self):
        return True

    def write(self, data):
        self.bytes += data
        return len(data)


torch.manual_seed(0)
net = Net()
optimizer = torch.optim.AdamW(net.parameters())
net(torch.randn(2, 2, 8, 8)).sum().backward()
optimizer.step()
base = torch.arange(24, dtype=torch.float32)
types = collections.OrderedDict(
    whole=base.view(4, 6), turned=base.view(4, 6).t(), tail=base[20:], every_third=base[::3], repeated=base[3].expand(2, 3),
    f16=torch.randn(3).half(), bf16=torch.randn(5).bfloat16(), f64=torch.randn(2).double(), i64=torch.arange(3),
    i32=torch.arange(3, dtype=torch.int32), i16=torch.arange(3, dtype=torch.int16), i8=torch.arange(-2, 2, dtype=torch.int8),
    u8=torch.arange(4, dtype=torch.uint8), flag=torch.tensor([True, False]), scalar=torch.tensor(2.5),
    empty=torch.empty(0, 7), parameter=torch.nn.Parameter(torch.randn(2, 2)))
checkpoint = {"epoch": 3, "state_dict": {"module." + k: v for k, v in net.state_dict().items()},
              "optimizer": optimizer.state_dict(), "args": argparse.Namespace(lr=1e-3, name="x"), "best": 1e300}
contents = {
    "types.pth": types,
    "net.pth": net.state_dict(),
    "checkpoint.pth": checkpoint,
    "hostile.pth": {"w": torch.ones(2), "x": Hostile()},
    "hostile_only.pth": Hostile(),
    "params.pth": {"params": {"a": torch.zeros(1)}, "params_ema": {"a": torch.ones(1)}},
    "numpy.pth": {"w": torch.ones(2), "psnr": numpy.float64(3.5), "curve": numpy.ones(3), "where": torch.device("cpu")},
}
for name, content in contents.items():
    torch.save(content, HERE / f"zip_{name}")
    torch.save(content, HERE / f"legacy_{name}", _use_new_zipfile_serialization=False)
torch.save(net.state_dict(), HERE / "zip_protocol4.pth", pickle_protocol=4)
torch.save(net.state_dict(), HERE / "legacy_protocol4.pth", pickle_protocol=4, _use_new_zipfile_serialization=False)
torch.save(net, HERE / "zip_module.pth")
torch.save({"f8": torch.tensor([1.5, -2]).to(torch.float8_e4m3fn), "u16": torch.tensor([1, 65535]).to(torch.uint16),
            "u32": torch.arange(3).to(torch.uint32)}, HERE / "zip_new_types.pth")
torch.save({"s": torch.eye(3).to_sparse()}, HERE / "zip_sparse.pth")
torch.save({"c": torch.ones(2, dtype=torch.complex64).conj()}, HERE / "zip_conjugated.pth")
net.eval()
torch.jit.script(net).save(HERE / "script.pt")
torch.jit.trace(net, torch.randn(1, 2, 8, 8)).save(HERE / "trace.pt")

pipe = Pipe()
original = zipfile.ZipFile(HERE / "zip_net.pth")
with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as packed:
    for entry in original.namelist():
        info = zipfile.ZipInfo(entry)
        info.compress_type = zipfile.ZIP_DEFLATED
        with packed.open(info, "w", force_zip64=True) as out:
            out.write(original.read(entry))
(HERE / "zip_deflated.pth").write_bytes(pipe.bytes)

for name, tensors in {"types": types, "net": net.state_dict()}.items():
    safetensors.torch.save_file({k: v.detach().clone().contiguous() for k, v in tensors.items()}, HERE / f"{name}.safetensors")
