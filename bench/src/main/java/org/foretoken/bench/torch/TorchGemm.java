package org.foretoken.bench.torch;

import java.lang.foreign.MemorySegment;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.foretoken.kernels.op.Layout;

/**
 * c[m, n] as LibTorch multiplies it: FP32 by OpenBLAS, or bfloat16 operands and result, converted
 * beforehand, by oneDNN with the processor's own instructions where it has them.
 */
public final class TorchGemm implements Runnable {
  private final Tensor left;
  private final Tensor right;
  private final Tensor out;

  /** Takes FP32 operands in the given layout; {@code c} receives an FP32 result. */
  public TorchGemm(
      Layout layout,
      boolean bf16,
      MemorySegment a,
      MemorySegment b,
      MemorySegment c,
      int m,
      int n,
      int k) {
    Tensor storedA =
        typed(layout == Layout.TN ? LibTorch.view(a, k, m) : LibTorch.view(a, m, k), bf16);
    Tensor storedB =
        typed(layout == Layout.NT ? LibTorch.view(b, n, k) : LibTorch.view(b, k, n), bf16);
    left = layout == Layout.TN ? storedA.t() : storedA;
    right = layout == Layout.NT ? storedB.t() : storedB;
    out = bf16 ? torch.mm(left, right) : LibTorch.view(c, m, n);
  }

  private static Tensor typed(Tensor x, boolean bf16) {
    return bf16 ? x.toType(torch.ScalarType.BFloat16) : x;
  }

  @Override
  public void run() {
    try (AutoGradMode _ = new AutoGradMode(false)) {
      torch.mm_out(out, left, right).close();
    }
  }

  /** Copies the result out as FP32. */
  public void download(MemorySegment target) {
    long[] sizes = {out.size(0), out.size(1)};
    LibTorch.view(target, sizes).copy_(out.toType(torch.ScalarType.Float));
  }
}
