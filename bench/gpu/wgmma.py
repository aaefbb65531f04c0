#!/usr/bin/env python3
"""The project's wgmma kernels alone, without Java: checked in FP64, and timed beside PyTorch.

    ./foretoken kernels --ptx DIR        on any machine: the kernels, every variant
    python3 bench/gpu/wgmma.py DIR       on a Hopper GPU with PyTorch

Prints a line for each check (relative error of the Frobenius norm, overwriting and accumulating) and
for each shape the TFLOP/s of PyTorch's products and of every variant: median of ten timed by events,
after three that are not. Exit code 1 where a result is off.
"""

import ctypes
import os
import sys

import torch

# FP8 products on Hopper keep about 14 bits of each step's sum: docs/NUMERICS.md.
ALLOWED = 1e-3
CHECKS = [(128, 128, 128), (64, 256, 512), (256, 384, 640), (200, 130, 144), (384, 512, 1024),
          (4100, 1288, 2064), (2048, 4096, 512)]
SHAPES = [(4096, 24576, 7168), (4096, 4096, 4096), (4096, 7168, 2048), (4096, 2112, 7168),
          (4096, 24576, 1536), (4096, 32768, 512), (4096, 7168, 16384), (128, 7168, 2048)]
TILE = 128


def checked(status, what):
    if status != 0:
        raise RuntimeError(f"{what}: expected CUDA_SUCCESS, found {status}")


class Kernel:
    """One line of kernels.txt."""

    def __init__(self, cuda, folder, line):
        file, name, shared, threads, cluster, self.kind = line.split()
        self.cuda, self.label = cuda, file.removesuffix(".ptx")
        self.shared, self.threads, self.cluster = int(shared), int(threads), int(cluster)
        module = ctypes.c_void_p()
        self.function = ctypes.c_void_p()
        with open(os.path.join(folder, file), "rb") as text:
            checked(cuda.cuModuleLoadData(ctypes.byref(module), text.read() + b"\0"), file)
        checked(cuda.cuModuleGetFunction(ctypes.byref(self.function), module, name.encode()), name)
        checked(cuda.cuFuncSetAttribute(self.function, 8, self.shared), "shared memory")
        self.groups = torch.cuda.get_device_properties(0).multi_processor_count
        self.key = None

    def tensor_map(self, x, rows):
        """x as boxes of rows x 128 bytes, swizzled over 128 bytes."""
        buffer = ctypes.create_string_buffer(192)
        address = (ctypes.addressof(buffer) + 63) // 64 * 64
        extents = (ctypes.c_uint64 * 2)(x.shape[1], x.shape[0])
        stride = (ctypes.c_uint64 * 1)(x.shape[1])
        box = (ctypes.c_uint32 * 2)(TILE, rows)
        ones = (ctypes.c_uint32 * 2)(1, 1)
        checked(
            self.cuda.cuTensorMapEncodeTiled(
                ctypes.c_void_p(address), 0, 2, ctypes.c_void_p(x.data_ptr()), extents, stride,
                box, ones, 0, 3, 3, 0),
            "tensor map")
        return buffer, address

    def run(self, a, a_scales, b, b_scales, c, accumulate=0):
        (m, k), n = a.shape, b.shape[0]
        key = (a.data_ptr(), b.data_ptr(), c.data_ptr(), m, n, k, accumulate)
        if key != self.key:
            a_map, b_map = self.tensor_map(a, TILE), self.tensor_map(b, TILE // self.cluster)
            values = [ctypes.c_uint64(t.data_ptr()) for t in (a_scales, b_scales, c)]
            values += [ctypes.c_uint32(v) for v in (m, n, k, accumulate)]
            addresses = [a_map[1], b_map[1]] + [ctypes.addressof(v) for v in values]
            self.kept = (a_map, b_map, values)
            self.arguments = (ctypes.c_void_p * len(addresses))(*addresses)
            self.key = key
        tiles = -(-n // TILE) * (-(-m // (TILE * self.cluster)) * self.cluster)
        grid = min(tiles, self.groups // self.cluster * self.cluster)
        stream = ctypes.c_void_p(torch.cuda.current_stream().cuda_stream)
        checked(
            self.cuda.cuLaunchKernel(
                self.function, grid, 1, 1, self.threads, 1, 1, self.shared, stream,
                self.arguments, None),
            "launch")


def operands(m, n, k, kind):
    """Random codes, and scales between a half and three halves."""
    a = torch.randn(m, k, device="cuda").to(torch.float8_e4m3fn)
    b = torch.randn(n, k, device="cuda").to(torch.float8_e4m3fn)
    blocks = -(-k // TILE)
    shapes = ((blocks, m), (blocks, n)) if kind == "tiles" else ((m, blocks), (-(-n // TILE), blocks))
    return (a, torch.rand(shapes[0], device="cuda") + 0.5,
            b, torch.rand(shapes[1], device="cuda") + 0.5)


def exact(a, a_scales, b, b_scales, kind):
    k = a.shape[1]
    if kind == "tiles":
        a_scales, b_scales = a_scales.t(), b_scales.t()
    else:
        b_scales = b_scales.repeat_interleave(TILE, 0)[:b.shape[0]]
    left = a.double() * a_scales.repeat_interleave(TILE, 1)[:, :k]
    right = b.double() * b_scales.repeat_interleave(TILE, 1)[:, :k]
    return left @ right.t()


def check(kernel):
    good = True
    for m, n, k in CHECKS:
        a, a_scales, b, b_scales = operands(m, n, k, kernel.kind)
        expected = exact(a, a_scales, b, b_scales, kernel.kind)
        c = torch.full((m, n), float("nan"), device="cuda")
        kernel.run(a, a_scales, b, b_scales, c)
        once = ((c - expected).norm() / expected.norm()).item()
        kernel.run(a, a_scales, b, b_scales, c, accumulate=1)
        twice = ((c - 2 * expected).norm() / (2 * expected).norm()).item()
        right = once < ALLOWED and twice < ALLOWED
        good = good and right
        print(f"{kernel.label} {m}x{n}x{k}: {once:.2e}, accumulated {twice:.2e}"
              + ("" if right else f"; expected below {ALLOWED}"), flush=True)
    return good


def milliseconds(call):
    for _ in range(3):
        call()
    times = []
    for _ in range(10):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        call()
        end.record()
        end.synchronize()
        times.append(start.elapsed_time(end))
    return sorted(times)[len(times) // 2]


def measured(flops, call):
    try:
        return f"{flops / milliseconds(call) / 1e9:.0f}"
    except RuntimeError as failure:
        return str(failure).split("\n")[0][:60]


def peers(m, n, k):
    """cuBLAS in BF16, and _scaled_mm by tensor and in blocks, both to BF16."""
    flops = 2 * m * n * k
    x = torch.randn(m, k, device="cuda", dtype=torch.bfloat16)
    w = torch.randn(n, k, device="cuda", dtype=torch.bfloat16)
    out = torch.empty(m, n, device="cuda", dtype=torch.bfloat16)
    yield "torch_bf16", measured(flops, lambda: torch.mm(x, w.t(), out=out))
    a, a_scales, b, b_scales = operands(m, n, k, "blocks")
    one = torch.ones(1, device="cuda")
    down = a_scales.t().contiguous().t()
    for name, sa, sb in (("torch_tensor", one, one), ("torch_blocks", down, b_scales.t())):
        yield name, measured(
            flops,
            lambda sa=sa, sb=sb: torch._scaled_mm(
                a, b.t(), scale_a=sa, scale_b=sb, out_dtype=torch.bfloat16))


def main():
    if len(sys.argv) != 2:
        sys.exit("wgmma.py: expected the folder that 'foretoken kernels --ptx' wrote")
    torch.manual_seed(1)
    torch.zeros(1, device="cuda")  # makes the context
    cuda = ctypes.CDLL("libcuda.so.1")
    with open(os.path.join(sys.argv[1], "kernels.txt"), encoding="utf-8") as lines:
        kernels = [Kernel(cuda, sys.argv[1], line) for line in lines if line.strip()]
    good = all([check(kernel) for kernel in kernels])
    x = torch.randn(1 << 30, device="cuda")
    y = torch.empty_like(x)
    print(f"{torch.cuda.get_device_name(0)}, PyTorch {torch.__version__}, "
          f"copy {2 * x.nbytes / milliseconds(lambda: y.copy_(x)) / 1e6:.0f} GB/s; TFLOP/s:")
    del x, y
    for m, n, k in SHAPES:
        line = [f"{name} {rate}" for name, rate in peers(m, n, k)]
        c = torch.empty(m, n, device="cuda")
        for kernel in kernels:
            data = operands(m, n, k, kernel.kind)
            line.append(
                f"{kernel.label} {measured(2 * m * n * k, lambda: kernel.run(*data, c))}")
        print(f"{m}x{n}x{k}: " + ", ".join(line), flush=True)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
