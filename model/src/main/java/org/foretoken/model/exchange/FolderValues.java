package org.foretoken.model.exchange;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.foretoken.fp8.Granularity;
import org.foretoken.fp8.QuantizationRecipes;
import org.foretoken.kernels.graph.Backend;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.graph.Tensor;
import org.foretoken.kernels.host.HostDequantize;
import org.foretoken.kernels.host.HostPool;
import org.foretoken.model.checkpoint.CheckpointFolder;
import org.foretoken.model.checkpoint.SafetensorsDType;
import org.foretoken.model.nn.Linear;
import org.foretoken.model.nn.ParameterSpec;

/** Reads tensors of a checked folder in the layout of the model. */
final class FolderValues implements AutoCloseable {
  private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED;
  private static final ValueLayout.OfShort I16 = ValueLayout.JAVA_SHORT_UNALIGNED;

  /** Elements that a thread converts at a time. */
  private static final int GRAIN = 1 << 16;

  private final CheckpointFolder folder;
  private final FolderConfig config;
  private final HostPool pool = HostPool.shared();
  private Arena arena = Arena.ofShared();

  FolderValues(CheckpointFolder folder, FolderConfig config) {
    this.folder = folder;
    this.config = config;
  }

  /** The values of a tensor in FP32, valid until the next call. */
  MemorySegment floats(ParameterSpec spec) {
    renew();
    MemorySegment all = arena.allocate(4 * spec.elements(), 64);
    for (ParameterSpec.FileTensor f : spec.files()) {
      MemorySegment to = all.asSlice(4 * f.offset(), 4 * f.shape().elements());
      RopeOrder order = RopeOrder.of(config.model(), config.ropeHalves(), f.name());
      if (order == null) {
        read(f, to);
      } else {
        MemorySegment inFileOrder = arena.allocate(to.byteSize(), 64);
        read(f, inFileOrder);
        order.fromFile(inFileOrder, to, f.shape().dim(0), 4L * f.shape().dim(1));
      }
    }
    return all;
  }

  private void renew() {
    arena.close();
    arena = Arena.ofShared();
  }

  private void read(ParameterSpec.FileTensor f, MemorySegment to) {
    MemorySegment bytes = folder.bytes(f.name());
    SafetensorsDType type = folder.info(f.name()).dtype();
    if (type == SafetensorsDType.F8_E4M3) {
      // A mapped tensor may lie at any byte; the kernel wants whole floats at whole addresses.
      MemorySegment scales = folder.bytes(f.name() + FolderCheck.SCALES);
      HostDequantize.dequantize(
          pool,
          f.name(),
          bytes,
          arena.allocate(scales.byteSize(), 64).copyFrom(scales),
          f.shape().dim(0),
          f.shape().dim(1),
          QuantizationRecipes.BLOCK_128X128,
          to,
          DType.F32);
      return;
    }
    long n = f.shape().elements();
    if (type == SafetensorsDType.F32) {
      to.copyFrom(bytes);
      return;
    }
    boolean bf16 = type == SafetensorsDType.BF16;
    pool.parallelFor(
        Math.toIntExact(Math.ceilDiv(n, GRAIN)),
        1,
        (begin, end) -> {
          for (long i = (long) begin * GRAIN; i < Math.min((long) end * GRAIN, n); i++) {
            short code = bytes.get(I16, 2 * i);
            float value = bf16 ? Float.intBitsToFloat(code << 16) : Float.float16ToFloat(code);
            to.set(F32, 4 * i, value);
          }
        });
  }

  /** Uploads the codes and scales of a weight as they are in the file, where a backend has any. */
  void uploadCodes(ParameterSpec spec, Backend backend) {
    Tensor codes = resident(backend, Linear.codesName(spec.name()));
    Tensor scales = resident(backend, Linear.scalesName(spec.name()));
    if (codes == null || scales == null) {
      return;
    }
    renew();
    List<ParameterSpec.FileTensor> files = spec.files();
    MemorySegment allCodes = arena.allocate(spec.elements(), 64);
    MemorySegment allScales = arena.allocate(scales.bytes(), 64);
    long scalesAt = 0;
    for (ParameterSpec.FileTensor f : files) {
      MemorySegment to = allCodes.asSlice(f.offset(), f.shape().elements());
      MemorySegment from = folder.bytes(f.name());
      RopeOrder order = RopeOrder.of(config.model(), config.ropeHalves(), f.name());
      if (order == null) {
        to.copyFrom(from);
      } else if (order.keepsBlocks(Granularity.BLOCK_128X128.rows())) {
        order.fromFile(from, to, f.shape().dim(0), f.shape().dim(1));
      } else {
        return;
      }
      MemorySegment s = folder.bytes(f.name() + FolderCheck.SCALES);
      if (scalesAt + s.byteSize() > allScales.byteSize()) {
        return; // a layout of scales that files do not have
      }
      MemorySegment.copy(s, 0, allScales, scalesAt, s.byteSize());
      scalesAt += s.byteSize();
    }
    if (scalesAt == allScales.byteSize()) {
      backend.upload(codes.name(), allCodes);
      backend.upload(scales.name(), allScales);
    }
  }

  private static Tensor resident(Backend backend, String name) {
    return backend.residents().stream().filter(t -> t.name().equals(name)).findFirst().orElse(null);
  }

  @Override
  public void close() {
    arena.close();
  }
}
