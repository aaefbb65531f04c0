package org.foretoken.tests.oracle;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.io.ByteArrayOutputStream;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * ONNX Runtime's Cast to a float8 type and back, as a model of two nodes written straight into the
 * protobuf wire format (onnx.proto; field numbers in the comments).
 */
final class OnnxCasts {
  /** TensorProto.DataType. */
  static final int FLOAT = 1;

  static final int FLOAT8E4M3FN = 17;
  static final int FLOAT8E5M2 = 19;

  private OnnxCasts() {}

  /** {@code values} cast to {@code type} and back. */
  static float[] roundTrip(float[] values, int type, boolean saturate) throws OrtException {
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.NO_OPT);
      byte[] model = model(type, saturate ? 1 : 0);
      try (OrtSession session = environment.createSession(model, options);
          OnnxTensor input =
              OnnxTensor.createTensor(
                  environment, FloatBuffer.wrap(values), new long[] {values.length});
          OrtSession.Result result = session.run(Map.of("x", input))) {
        float[] output = new float[values.length];
        ((OnnxTensor) result.get(0)).getFloatBuffer().get(output);
        return output;
      }
    }
  }

  private static byte[] model(int type, int saturate) {
    byte[] forth = cast("x", "q", type, saturate);
    byte[] back = cast("q", "y", FLOAT, 1);
    byte[] graph = // GraphProto: node = 1, name = 2, input = 11, output = 12
        join(
            bytes(1, forth),
            bytes(1, back),
            text(2, "casts"),
            bytes(11, value("x")),
            bytes(12, value("y")));
    byte[] opset = number(2, 19); // OperatorSetIdProto: version = 2
    return join(number(1, 9), bytes(7, graph), bytes(8, opset)); // ir_version, graph, opset_import
  }

  /** NodeProto: input = 1, output = 2, op_type = 4, attribute = 5. */
  private static byte[] cast(String input, String output, int to, int saturate) {
    return join(
        text(1, input),
        text(2, output),
        text(4, "Cast"),
        bytes(5, attribute("to", to)),
        bytes(5, attribute("saturate", saturate)));
  }

  /** AttributeProto: name = 1, i = 3, type = 20 (INT = 2). */
  private static byte[] attribute(String name, int value) {
    return join(text(1, name), number(3, value), number(20, 2));
  }

  /** ValueInfoProto: name = 1, type = 2; a float vector of any length. */
  private static byte[] value(String name) {
    byte[] shape = bytes(1, text(2, "n")); // TensorShapeProto: dim = 1; Dimension: dim_param = 2
    byte[] tensor = join(number(1, FLOAT), bytes(2, shape)); // elem_type = 1, shape = 2
    return join(text(1, name), bytes(2, bytes(1, tensor))); // TypeProto: tensor_type = 1
  }

  private static byte[] text(int field, String text) {
    return bytes(field, text.getBytes(StandardCharsets.UTF_8));
  }

  private static byte[] bytes(int field, byte[] content) {
    return join(varint(field << 3 | 2), varint(content.length), content);
  }

  private static byte[] number(int field, int value) {
    return join(varint(field << 3), varint(value));
  }

  private static byte[] varint(int value) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    int rest = value;
    while (rest > 0x7f) {
      out.write(rest & 0x7f | 0x80);
      rest >>>= 7;
    }
    out.write(rest);
    return out.toByteArray();
  }

  private static byte[] join(byte[]... parts) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      out.writeBytes(part);
    }
    return out.toByteArray();
  }
}
