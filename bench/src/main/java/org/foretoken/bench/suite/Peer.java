package org.foretoken.bench.suite;

import java.util.Locale;

/** Whose program does the same work in the same run. */
public enum Peer {
  /** LibTorch on the CPU in this process, FP32. */
  LIBTORCH(BenchDevice.HOST),
  /**
   * LibTorch on the CPU with bfloat16 operands: on processors with bfloat16 instructions a ceiling
   * that the Vector API, which does not reach them, cannot touch.
   */
  LIBTORCH_BF16(BenchDevice.HOST),
  /** Ours, decoding the same weights without drafts: one token a step. */
  PLAIN(BenchDevice.HOST),
  /** PyTorch on the GPU, FP32 {@code matmul} without TF32, or a compiled FP32 training step. */
  TORCH_FP32(BenchDevice.GPU),
  /** PyTorch on the GPU: BF16 {@code matmul}, that is cuBLAS, or a compiled BF16 training step. */
  TORCH_BF16(BenchDevice.GPU),
  /** PyTorch on the GPU: {@code torch._scaled_mm} on E4M3 operands. */
  TORCH_SCALED_MM(BenchDevice.GPU),
  /** PyTorch on the GPU: the same quantization, compiled by TorchInductor. */
  TORCH_COMPILED(BenchDevice.GPU);

  private final BenchDevice device;

  Peer(BenchDevice device) {
    this.device = device;
  }

  /** The device whose cases it stands beside. */
  public BenchDevice device() {
    return device;
  }

  /** Its name in suites and results. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
