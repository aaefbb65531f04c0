package org.foretoken.tests.oracle;

import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** LibTorch tensors in double precision, with gradients. */
final class TorchDoubles {
  private TorchDoubles() {}

  /** A leaf that gradients are collected for. */
  static Tensor leaf(double[] values, long... shape) {
    Tensor view =
        torch.from_blob(new DoublePointer(values), shape, new TensorOptions(ScalarType.Double));
    // from_blob does not own its memory; the copy does.
    Tensor copy = view.clone();
    copy.set_requires_grad(true);
    return copy;
  }

  /** A tensor without gradient. */
  static Tensor constant(double[] values, long... shape) {
    Tensor tensor = leaf(values, shape);
    tensor.set_requires_grad(false);
    return tensor;
  }

  /** A tensor of token ids or targets. */
  static Tensor integers(int... values) {
    long[] longs = java.util.Arrays.stream(values).asLongStream().toArray();
    return torch
        .from_blob(
            new LongPointer(longs), new long[] {longs.length}, new TensorOptions(ScalarType.Long))
        .clone();
  }

  /** All elements, row-major. */
  static double[] values(Tensor tensor) {
    Tensor dense = tensor.detach().contiguous();
    double[] values = new double[Math.toIntExact(dense.numel())];
    new DoublePointer(dense.data_ptr()).get(values);
    return values;
  }

  /** The gradients of the sum of y * dy. */
  static void backward(Tensor y, double[] dy) {
    y.mul(constant(dy, y.sizes().vec().get())).sum().backward();
  }
}
