package org.foretoken.bench.torch;

import java.lang.foreign.MemorySegment;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/** Single operations as LibTorch does them, from its own operations. */
public final class TorchOps {
  private static final double E4M3_MAX = 448;
  private static final long[] TILE = {1, 3};

  private TorchOps() {}

  /** FP32 to E4M3 in tiles: amax, scale, divide, cast; LibTorch has no fused kernel for it. */
  public static final class Quantize implements Runnable {
    private final Tensor x; // [row tiles, rows, column tiles, columns]
    private final Tensor codes;
    private final long elements;

    /** Tiles of {@code down} x {@code across}, which must divide the extents. */
    public Quantize(MemorySegment x, int rows, int columns, int down, int across) {
      this.x = LibTorch.view(x, rows / down, down, columns / across, across);
      codes = torch.empty_like(this.x.to(torch.ScalarType.Float8_e4m3fn));
      elements = (long) rows * columns;
    }

    @Override
    public void run() {
      try (PointerScope _ = new PointerScope();
          AutoGradMode _ = new AutoGradMode(false)) {
        Tensor scales = x.abs().amax(TILE, true).div_(new Scalar(E4M3_MAX));
        codes.copy_(x.div(scales));
      }
    }

    /** Copies the codes out. */
    public void download(MemorySegment target) {
      BytePointer bytes = new BytePointer(codes.data_ptr());
      byte[] copy = new byte[Math.toIntExact(elements)];
      bytes.capacity(elements).get(copy);
      MemorySegment.copy(MemorySegment.ofArray(copy), 0, target, 0, elements);
    }
  }

  /** Causal attention by LibTorch's fused kernel. */
  public static final class Attention implements Runnable {
    private final Tensor q; // [1, heads, tokens, width]
    private final Tensor k;
    private final Tensor v;
    private final long[] sizes;
    private Tensor out;

    /** Operands of [tokens, heads * width]. */
    public Attention(
        MemorySegment q, MemorySegment k, MemorySegment v, int tokens, int heads, int width) {
      this.q = heads(q, tokens, heads, width);
      this.k = heads(k, tokens, heads, width);
      this.v = heads(v, tokens, heads, width);
      sizes = new long[] {tokens, heads, width};
    }

    private static Tensor heads(MemorySegment x, int tokens, int heads, int width) {
      return LibTorch.view(x, 1, tokens, heads, width).transpose(1, 2);
    }

    @Override
    public void run() {
      try (AutoGradMode _ = new AutoGradMode(false)) {
        if (out != null) {
          out.close();
        }
        out = causal(q, k, v, true, false);
      }
    }

    /** Copies the result out, [tokens, heads * width]. */
    public void download(MemorySegment target) {
      LibTorch.view(target, sizes).copy_(out.transpose(1, 2).squeeze(0));
    }
  }

  /** Scaled dot-product attention without dropout. */
  static Tensor causal(Tensor q, Tensor k, Tensor v, boolean causal, boolean grouped) {
    return torch.scaled_dot_product_attention(
        q, k, v, new TensorOptional(), 0.0, causal, new DoubleOptional(), grouped);
  }
}
