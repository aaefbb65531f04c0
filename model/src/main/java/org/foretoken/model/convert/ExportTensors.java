package org.foretoken.model.convert;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.foretoken.fp8.Bf16;
import org.foretoken.fp8.QuantizationRecipes;
import org.foretoken.kernels.host.HostPool;
import org.foretoken.model.checkpoint.SafetensorsDType;
import org.foretoken.model.checkpoint.SafetensorsFile;
import org.foretoken.model.checkpoint.SafetensorsWriter.Entry;
import org.foretoken.model.checkpoint.SafetensorsWriter.Sink;
import org.foretoken.model.checkpoint.SafetensorsWriter.Stream;
import org.foretoken.model.checkpoint.TensorInfo;
import org.foretoken.model.config.ModelConfig;
import org.foretoken.model.exchange.FolderConfig;
import org.foretoken.model.exchange.RopeOrder;
import org.foretoken.model.exchange.SharedTensors;
import org.foretoken.model.exchange.WeightFormat;
import org.foretoken.model.nn.InferenceWeights;
import org.foretoken.model.nn.ModelLayout;
import org.foretoken.model.nn.ParameterSpec;

/** The tensors of an exported model, made from the FP32 weights of a checkpoint. */
final class ExportTensors implements AutoCloseable {
  /** Elements that are converted at a time. */
  private static final int CHUNK = 1 << 22;

  private final SafetensorsFile file;
  private final ModelConfig model;
  private final WeightFormat format;
  private final boolean ropeHalves;
  private final ConversionListener listener;
  private final WeightQuantizer quantizer;
  private final OffHeapBuffer chunk = new OffHeapBuffer();
  private final OffHeapBuffer ordered = new OffHeapBuffer();
  private final List<String> quantized = new ArrayList<>();

  ExportTensors(
      HostPool pool,
      SafetensorsFile file,
      ModelConfig model,
      WeightFormat format,
      ConversionListener listener) {
    this.file = file;
    this.model = model;
    this.format = format;
    this.listener = listener;
    ropeHalves = FolderConfig.of(model, format, -1).ropeHalves();
    FileRecipe recipe = FileRecipe.of(QuantizationRecipes.BLOCK_128X128);
    quantizer = new WeightQuantizer(pool, recipe, listener::advance);
  }

  /** Names of the weights that are quantized. */
  List<String> quantized() {
    return List.copyOf(quantized);
  }

  /** All tensors, each with its scales where it has some, in the order of the model's layout. */
  List<List<Entry>> all() {
    List<List<Entry>> all = new ArrayList<>();
    ModelLayout.of(model)
        .tensors()
        .forEach(spec -> spec.files().forEach(f -> all.add(entries(spec, f.name()))));
    SharedTensors.ofModules(model)
        .forEach((copy, original) -> all.add(List.of(plain(copy, original, format.plain()))));
    return all;
  }

  private List<Entry> entries(ParameterSpec spec, String name) {
    if (format == WeightFormat.FP8 && InferenceWeights.isBlockLinear(name)) {
      quantized.add(name);
      return fp8(name);
    }
    // A router's bias decides by small differences: FP32, as DeepSeek has it.
    return List.of(plain(name, name, spec.trained() ? format.plain() : SafetensorsDType.F32));
  }

  private List<Entry> fp8(String name) {
    TensorInfo info = file.info(name);
    String where = "'" + file.path() + "' tensor '" + name + "'";
    List<Entry> entries = quantizer.entries(where, info, file.bytes(name), null);
    if (order(name) == null) {
      return entries;
    }
    // Rows are put in order when their turn comes: one tensor in memory at a time.
    Entry codes = entries.getFirst();
    Stream inOrder =
        sink ->
            quantizer.entries(where, info, inFileOrder(name), null).getFirst().stream()
                .writeTo(sink);
    return List.of(
        new Entry(codes.name(), codes.dtype(), codes.shape(), inOrder), entries.getLast());
  }

  private RopeOrder order(String name) {
    return RopeOrder.of(model, ropeHalves, name);
  }

  /** The values of a tensor, rows in the order of the files; valid until the next call. */
  private MemorySegment inFileOrder(String name) {
    MemorySegment from = file.bytes(name);
    RopeOrder order = order(name);
    if (order == null) {
      return from;
    }
    MemorySegment to = ordered.get(from.byteSize());
    int rows = Math.toIntExact(file.info(name).shape().getFirst());
    order.toFile(from, to, rows, from.byteSize() / rows);
    return to;
  }

  /** A tensor that is not quantized, under a name that may be another one's. */
  private Entry plain(String name, String source, SafetensorsDType type) {
    Stream stream = sink -> write(inFileOrder(source), type, sink);
    return new Entry(name, type, file.info(source).shape(), stream);
  }

  private void write(MemorySegment floats, SafetensorsDType type, Sink sink) throws IOException {
    long n = floats.byteSize() / Float.BYTES;
    for (long at = 0; at < n; at += CHUNK) {
      long count = Math.min(CHUNK, n - at);
      MemorySegment part = floats.asSlice(Float.BYTES * at, Float.BYTES * count);
      sink.write(type == SafetensorsDType.F32 ? part : bf16(part, count));
      listener.advance(part.byteSize());
    }
  }

  private MemorySegment bf16(MemorySegment floats, long count) {
    MemorySegment codes = chunk.get(Short.BYTES * count);
    for (long i = 0; i < count; i++) {
      float value = floats.get(ValueLayout.JAVA_FLOAT_UNALIGNED, Float.BYTES * i);
      codes.setAtIndex(ValueLayout.JAVA_SHORT, i, Bf16.encode(value));
    }
    return codes;
  }

  @Override
  public void close() {
    quantizer.close();
    chunk.close();
    ordered.close();
  }
}
