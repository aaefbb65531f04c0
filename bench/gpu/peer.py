#!/usr/bin/env python3
"""PyTorch on the GPU as a peer of 'foretoken bench'.

Reads a line of JSON that describes a piece of work, prepares it and answers 'ready', or
'error: WHY'. Then reads numbers of calls, one a line, and answers each with the nanoseconds that so
many calls took: wall time from the first launch until the device is idle, as the Java side counts.
A next line of JSON lets go of that work, and of its memory on the device, and begins another; 'null'
only lets go.

Needs Python with PyTorch and CUDA; what a version lacks is an error, never another computation.
"""

import gc
import json
import sys
import time


class Unable(Exception):
    """This machine or this version of PyTorch cannot do the work."""


def fail(why):
    raise Unable(why)


def answer_error(why):
    print("error: " + str(why).replace("\n", " "), flush=True)


try:
    import torch
    import torch.nn.functional as F
except ImportError as missing:
    answer_error(f"{sys.executable}: {missing}")
    sys.exit(0)

if not torch.cuda.is_available():
    answer_error(f"PyTorch {torch.__version__} sees no CUDA device")
    sys.exit(0)

DEVICE = torch.device("cuda")
E4M3_MAX = 448.0


def gemm(work):
    """c[m, n] in the layouts of a linear layer: nt, nn, tn."""
    m, n, k, layout = work["m"], work["n"], work["k"], work["layout"]
    kind = work["kind"]
    torch.manual_seed(1)
    a = torch.randn((k, m) if layout == "tn" else (m, k), device=DEVICE)
    b = torch.randn((n, k) if layout == "nt" else (k, n), device=DEVICE)
    left = a.t() if layout == "tn" else a
    right = b.t() if layout == "nt" else b
    if kind == "torch_scaled_mm":
        return scaled_mm(left, right)
    if kind == "torch_fp32":
        torch.backends.cuda.matmul.allow_tf32 = False
    elif kind == "torch_bf16":
        left, right = left.bfloat16(), right.bfloat16()
    else:
        fail(f"{kind} has no gemm")
    out = torch.empty((m, n), device=DEVICE, dtype=left.dtype)
    return lambda: torch.mm(left, right, out=out)


def scaled_mm(left, right):
    """FP8 product with one scale a tensor, the form that every version of _scaled_mm has.

    It takes its left operand row-major and its right one column-major, so the other layouts are
    made contiguous that way beforehand, which a training step would have to pay for.
    """
    def quantized(x):
        scale = x.abs().max().float() / E4M3_MAX
        return (x / scale).to(torch.float8_e4m3fn), scale

    a, a_scale = quantized(left.contiguous())
    b, b_scale = quantized(right.t().contiguous())
    column_major = b.t()

    def call():
        return torch._scaled_mm(
            a, column_major, scale_a=a_scale, scale_b=b_scale, out_dtype=torch.bfloat16)

    exact = (a.float() * a_scale) @ (column_major.float() * b_scale)
    found = call().float()
    error = ((found - exact).square().sum() / exact.square().sum()).item()
    if not error < 1e-3:
        fail(f"_scaled_mm: expected a squared error below 1e-3, found {error}")
    return call


def quantize(work):
    """FP32 to E4M3 in tiles, fused by TorchInductor."""
    if work["kind"] != "torch_compiled":
        fail(f"{work['kind']} has no {work['op']}")
    down, across = {
        "quantize_1x128": (1, 128),
        "quantize_128x1": (128, 1),
        "quantize_128x128": (128, 128),
    }.get(work["op"], (0, 0))
    if down == 0:
        fail(f"torch_compiled has no {work['op']}")
    m, k = work["m"], work["k"]
    x = torch.randn((m, k), device=DEVICE)

    @torch.compile
    def tiles(x):
        t = x.view(m // down, down, k // across, across)
        scale = t.abs().amax(dim=(1, 3), keepdim=True) / E4M3_MAX
        return (t / scale).to(torch.float8_e4m3fn).view(m, k), scale

    return lambda: tiles(x)


class Model(torch.nn.Module):
    """The model of configs/tiny.yaml and its kin: grouped-query attention, SwiGLU, MTP modules."""

    def __init__(self, work):
        super().__init__()
        self.w = work
        e, f, v = work["hidden_size"], work["intermediate_size"], work["vocab_size"]
        self.embedding = self.weight(v, e)
        self.head = self.embedding if work["tie_embeddings"] else self.weight(v, e)
        self.norm = torch.nn.Parameter(torch.ones(e))
        blocks = work["layers"] + work["mtp_depth"]
        q = work["heads"] * work["head_dim"]
        kv = work["kv_heads"] * work["head_dim"]
        self.blocks = torch.nn.ModuleList(
            torch.nn.ParameterDict({
                "in": torch.ones(e), "q": self.weight(q, e), "k": self.weight(kv, e),
                "v": self.weight(kv, e), "o": self.weight(e, q), "post": torch.ones(e),
                "gate": self.weight(f, e), "up": self.weight(f, e), "down": self.weight(e, f)})
            for _ in range(blocks))
        self.modules_ = torch.nn.ModuleList(
            torch.nn.ParameterDict({
                "enorm": torch.ones(e), "hnorm": torch.ones(e), "eh": self.weight(e, 2 * e),
                "norm": torch.ones(e)})
            for _ in range(work["mtp_depth"]))
        t, d = work["sequence_length"], work["head_dim"]
        angle = torch.outer(
            torch.arange(t).float(),
            work["rope_theta"] ** (-torch.arange(0, d, 2).float() / d))
        self.register_buffer("cos", angle.cos(), persistent=False)
        self.register_buffer("sin", angle.sin(), persistent=False)

    def weight(self, rows, columns):
        return torch.nn.Parameter(torch.randn(rows, columns) * self.w["init_std"])

    def rms(self, x, weight):
        return F.rms_norm(x, (x.shape[-1],), weight.to(x.dtype), self.w["rms_norm_eps"])

    def linear(self, x, weight):
        return F.linear(x.to(self.dtype), weight.to(self.dtype)).float()

    def rope(self, x):  # [B, T, H, D], adjacent pairs
        cos, sin = self.cos[None, :, None, :], self.sin[None, :, None, :]
        a, b = x[..., 0::2], x[..., 1::2]
        return torch.stack((a * cos - b * sin, a * sin + b * cos), -1).flatten(-2)

    def block(self, p, x):
        w = self.w
        b, t, _ = x.shape
        h = self.rms(x, p["in"])
        q = self.linear(h, p["q"]).view(b, t, w["heads"], w["head_dim"])
        k = self.linear(h, p["k"]).view(b, t, w["kv_heads"], w["head_dim"])
        v = self.linear(h, p["v"]).view(b, t, w["kv_heads"], w["head_dim"])
        q, k, v = (y.transpose(1, 2).to(self.dtype) for y in (self.rope(q), self.rope(k), v))
        o = F.scaled_dot_product_attention(
            q, k, v, is_causal=True, enable_gqa=w["heads"] != w["kv_heads"])
        x = x + self.linear(o.transpose(1, 2).reshape(b, t, -1), p["o"])
        h = self.rms(x, p["post"])
        return x + self.linear(
            F.silu(self.linear(h, p["gate"])) * self.linear(h, p["up"]), p["down"])

    def forward(self, ids):
        x = self.embedding[ids]
        for i in range(self.w["layers"]):
            x = self.block(self.blocks[i], x)
        x = self.rms(x, self.norm)
        loss = self.cross_entropy(x, ids, 1)
        for k in range(1, self.w["mtp_depth"] + 1):
            p = self.modules_[k - 1]
            shifted = torch.roll(ids, -k, 1)
            both = torch.cat(
                (self.rms(self.embedding[shifted], p["enorm"]), self.rms(x, p["hnorm"])), -1)
            x = self.block(self.blocks[self.w["layers"] + k - 1], self.linear(both, p["eh"]))
            depth = self.cross_entropy(self.rms(x, p["norm"]), ids, k + 1)
            loss = loss + self.w["mtp_lambda"] / self.w["mtp_depth"] * depth
        return loss

    def cross_entropy(self, hidden, ids, ahead):
        logits = self.linear(hidden[:, :-ahead], self.head)
        return F.cross_entropy(logits.flatten(0, 1), ids[:, ahead:].flatten())


def train_step(work):
    """Forward, backward, clipping, fused AdamW and the loss on the host, compiled."""
    kinds = {"torch_fp32": torch.float32, "torch_bf16": torch.bfloat16}
    if work["kind"] not in kinds:
        fail(f"{work['kind']} has no train_step")
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.manual_seed(1)
    model = Model(work).to(DEVICE)
    model.dtype = kinds[work["kind"]]
    ids = torch.randint(
        work["vocab_size"], (work["batch_size"], work["sequence_length"]), device=DEVICE)
    adamw = torch.optim.AdamW(
        model.parameters(), lr=1e-4, betas=(0.9, 0.95), weight_decay=0.1, fused=True)
    loss_of = torch.compile(model)
    losses = []

    def call():
        adamw.zero_grad(set_to_none=True)
        loss = loss_of(ids)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        adamw.step()
        losses.append(loss.item())

    for _ in range(3):
        call()
    if not losses[-1] < losses[0]:
        fail(f"train_step: expected the loss on one batch to fall, found {losses}")
    return call


def prepare(work):
    """The work as a function, called a few times; None where it cannot be done, which is said."""
    try:
        makers = {"gemm": gemm, "train_step": train_step}
        call = makers.get(work["op"], quantize)(work)
        for _ in range(5):
            call()
        torch.cuda.synchronize()
    except Unable as reason:
        answer_error(reason)
        return None
    except Exception as failure:  # anything the device or this version cannot do
        answer_error(f"{type(failure).__name__}: {failure}")
        return None
    print("ready", flush=True)
    return call


def main():
    call = None
    for line in sys.stdin:
        request = json.loads(line)
        if isinstance(request, int):
            start = time.perf_counter_ns()
            for _ in range(request):
                call()
            torch.cuda.synchronize()
            print(time.perf_counter_ns() - start, flush=True)
            continue
        call = None
        gc.collect()
        torch.cuda.empty_cache()
        if request is not None:
            call = prepare(request)


if __name__ == "__main__":
    main()
