package org.foretoken.tests.oracle;

import java.nio.ByteOrder;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** LibTorch's casts on whole arrays. */
final class TorchCasts {
  private TorchCasts() {}

  /** The bytes of {@code values} cast to {@code type}. */
  static byte[] encode(float[] values, ScalarType type) {
    try (PointerScope scope = new PointerScope()) {
      Tensor tensor = torch.from_blob(new FloatPointer(values), new long[] {values.length});
      Tensor cast = tensor.to(type);
      byte[] bytes = new byte[Math.toIntExact(cast.nbytes())];
      new BytePointer(cast.data_ptr()).get(bytes);
      return bytes;
    }
  }

  /** The values of {@code codes}, one byte each, read as {@code type}. */
  static float[] decode(byte[] codes, ScalarType type) {
    try (PointerScope scope = new PointerScope()) {
      Tensor bytes =
          torch.from_blob(
              new BytePointer(codes),
              new long[] {codes.length},
              new org.bytedeco.pytorch.TensorOptions(type));
      float[] values = new float[codes.length];
      new FloatPointer(bytes.to(ScalarType.Float).data_ptr()).get(values);
      return values;
    }
  }

  /** The bytes of {@code type} as 16-bit codes. */
  static short[] encodeShorts(float[] values, ScalarType type) {
    byte[] bytes = encode(values, type);
    short[] codes = new short[values.length];
    java.nio.ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder()).asShortBuffer().get(codes);
    return codes;
  }
}
