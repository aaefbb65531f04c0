package org.foretoken.model.convert;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.function.LongConsumer;
import org.foretoken.fp8.Granularity;
import org.foretoken.fp8.InputException;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.host.HostPool;
import org.foretoken.model.checkpoint.SafetensorsDType;
import org.foretoken.model.checkpoint.SafetensorsWriter.Entry;
import org.foretoken.model.checkpoint.SafetensorsWriter.Sink;
import org.foretoken.model.checkpoint.TensorInfo;

/** Makes a weight from its codes and scales, band by band in bounded memory. */
final class WeightDequantizer implements AutoCloseable {
  private final FileRecipe file;
  private final SafetensorsDType to;
  private final LongConsumer progress;
  private final BandDequantizer bandDequantizer;
  private final OffHeapBuffer values = new OffHeapBuffer();

  /**
   * Makes a dequantizer.
   *
   * @param to BF16 or F32
   * @param progress told the bytes of the input that were done
   */
  WeightDequantizer(HostPool pool, FileRecipe file, SafetensorsDType to, LongConsumer progress) {
    this.file = file;
    this.to = to;
    this.progress = progress;
    bandDequantizer = new BandDequantizer(pool, file);
  }

  /**
   * The tensor that takes the place of {@code tensor}.
   *
   * @param where file and tensor, for messages
   * @throws InputException if types, shapes or scales are not those of the recipe
   */
  Entry entry(
      String where,
      TensorInfo tensor,
      MemorySegment codes,
      TensorInfo scaleTensor,
      MemorySegment scales) {
    if (tensor.dtype() != file.codes() || tensor.shape().size() != 2) {
      throw new InputException(
          String.format(
              "%s: expected a matrix of %s codes as %s says, found %s %s",
              where, file.codes(), FileRecipe.CONFIG_KEY, tensor.dtype(), tensor.shape()));
    }
    if (tensor.shape().get(1) * file.codes().bits() % 8 != 0) {
      throw new InputException(
          where + ": expected rows of whole bytes, found " + tensor.dtype() + " " + tensor.shape());
    }
    Granularity tile = file.recipe().granularity();
    Bands bands = Bands.of(where, tensor.shape().get(0), tensor.shape().get(1), tile);
    List<Long> shape = file.scaleShape(bands.rows(), bands.columns());
    if (scaleTensor.dtype() != file.scales() || !scaleTensor.shape().equals(shape)) {
      throw new InputException(
          String.format(
              "%s: expected scales %s %s for %s, found %s %s in '%s'",
              where,
              file.scales(),
              shape,
              file.recipe().name(),
              scaleTensor.dtype(),
              scaleTensor.shape(),
              scaleTensor.name()));
    }
    return new Entry(
        tensor.name(),
        to,
        tensor.shape(),
        (Sink sink) -> {
          checkScales(where, scaleTensor, scales);
          bands.forEach(
              (first, count) -> {
                MemorySegment band = values.get((long) count * bands.columns() * to.bytes());
                bandDequantizer.dequantize(
                    where,
                    bytes(codes, first, count, (long) bands.columns() * file.codes().bits()),
                    bytes(
                        scales,
                        tile.scaleRow(first),
                        tile.scaleRows(count),
                        8L * tile.scaleColumns(bands.columns()) * file.scales().bytes()),
                    count,
                    bands.columns(),
                    band,
                    to == SafetensorsDType.BF16 ? DType.BF16 : DType.F32);
                sink.write(band);
                progress.accept((long) count * bands.columns() * file.codes().bits() / 8);
              });
          progress.accept(scales.byteSize());
        });
  }

  private static MemorySegment bytes(MemorySegment all, long first, long count, long rowBits) {
    return all.asSlice(first * rowBits / 8, count * rowBits / 8);
  }

  private void checkScales(String where, TensorInfo scaleTensor, MemorySegment scales) {
    long columns = scaleTensor.shape().get(1);
    for (long i = 0; i < scaleTensor.elements(); i++) {
      float scale = NarrowCodes.scale(scales, file.scales(), i);
      if (!(scale > 0 && scale <= Float.MAX_VALUE)) {
        throw new InputException(
            String.format(
                "%s: scale [%d, %d] of '%s': expected a positive number, found %s",
                where, i / columns, i % columns, scaleTensor.name(), scale));
      }
    }
  }

  @Override
  public void close() {
    values.close();
  }
}
