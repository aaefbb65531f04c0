package org.foretoken.model.convert;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import org.foretoken.fp8.ErrorStatistics;
import org.foretoken.fp8.Fp8Tensor;
import org.foretoken.fp8.Granularity;
import org.foretoken.fp8.InputException;
import org.foretoken.fp8.QuantizationRecipe;
import org.foretoken.fp8.QuantizerReference;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.host.HostPool;
import org.foretoken.kernels.host.HostQuantize;
import org.foretoken.model.checkpoint.SafetensorsDType;
import org.foretoken.model.checkpoint.SafetensorsWriter.Entry;
import org.foretoken.model.checkpoint.SafetensorsWriter.Sink;
import org.foretoken.model.checkpoint.TensorInfo;

/**
 * Makes the two tensors of a file, codes and scales, from a weight, band by band in bounded memory.
 */
final class WeightQuantizer implements AutoCloseable {
  private final HostPool pool;
  private final FileRecipe file;
  private final LongConsumer progress;
  private final MatrixReader reader;
  private final OffHeapBuffer codes = new OffHeapBuffer();
  private final OffHeapBuffer scales = new OffHeapBuffer();
  private final RoundTrip roundTrip;

  /**
   * Makes a quantizer.
   *
   * @param progress told the bytes of the source that were done
   */
  WeightQuantizer(HostPool pool, FileRecipe file, LongConsumer progress) {
    this.pool = pool;
    this.file = file;
    this.progress = progress;
    reader = new MatrixReader(pool);
    roundTrip = new RoundTrip(pool, file);
  }

  /** Whether the codes of a matrix fill whole bytes row by row. */
  boolean fits(TensorInfo tensor) {
    return tensor.shape().get(1) * file.codes().bits() % 8 == 0;
  }

  /**
   * The tensors that take the place of {@code tensor}, to be written in this order and before those
   * of the next call.
   *
   * @param where file and tensor, for messages
   * @param statistics told the statistics of the errors when the codes are written; null if they
   *     are not wanted
   */
  List<Entry> entries(
      String where, TensorInfo tensor, MemorySegment source, Consumer<ErrorStatistics> statistics) {
    Bands bands =
        Bands.of(where, tensor.shape().get(0), tensor.shape().get(1), file.recipe().granularity());
    List<Long> scaleShape = file.scaleShape(bands.rows(), bands.columns());
    long scaleBytes = scaleShape.get(0) * scaleShape.get(1) * file.scales().bytes();
    Entry first =
        new Entry(
            tensor.name(),
            file.codes(),
            tensor.shape(),
            (Sink sink) -> {
              Work work =
                  new Work(where, tensor.dtype(), source, bands, scales.get(scaleBytes), sink);
              work.run(statistics);
            });
    Entry second =
        new Entry(
            tensor.name() + FileRecipe.SCALE_SUFFIX,
            file.scales(),
            scaleShape,
            () -> scales.get(scaleBytes));
    return List.of(first, second);
  }

  /** The errors that quantizing {@code tensor} makes; nothing is written. */
  ErrorStatistics measure(String where, TensorInfo tensor, MemorySegment source) {
    ErrorStatistics[] found = new ErrorStatistics[1];
    try {
      entries(where, tensor, source, statistics -> found[0] = statistics).getFirst().stream()
          .writeTo(bytes -> {});
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return found[0];
  }

  /** One weight on its way. */
  private final class Work {
    private final String where;
    private final SafetensorsDType type;
    private final DType kernelType;
    private final MemorySegment source;
    private final Bands bands;
    private final MemorySegment allScales;
    private final Sink sink;
    private final Granularity tile = file.recipe().granularity();

    Work(
        String where,
        SafetensorsDType type,
        MemorySegment source,
        Bands bands,
        MemorySegment allScales,
        Sink sink) {
      this.where = where;
      this.type = type;
      this.kernelType = MatrixReader.kernelType(type);
      this.source = source;
      this.bands = bands;
      this.allScales = allScales;
      this.sink = sink;
    }

    void run(Consumer<ErrorStatistics> wanted) throws IOException {
      ErrorStatistics statistics = new ErrorStatistics();
      boolean tensorWise = tile.equals(Granularity.TENSOR);
      if (tensorWise) {
        allScales.set(ValueLayout.JAVA_FLOAT, 0, tensorScale());
      }
      bands.forEach(
          (first, count) -> {
            MemorySegment band = reader.band(source, type, bands.columns(), first, count);
            MemorySegment bandScales = tensorWise ? allScales : scalesOf(first, count);
            long bits = (long) count * bands.columns() * file.codes().bits();
            MemorySegment bandCodes = codes.get(bits / 8);
            if (tensorWise) {
              encodeTensorWise(band, first, count, bandCodes);
            } else if (HostQuantize.supports(file.recipe())) {
              encode(band, first, count, bandCodes, bandScales);
            } else {
              encodeSlowly(band, first, count, bandCodes, bandScales);
            }
            if (wanted != null) {
              roundTrip.add(
                  band, kernelType, count, bands.columns(), bandCodes, bandScales, statistics);
            }
            sink.write(bandCodes);
            progress.accept((long) count * bands.columns() * type.bytes());
          });
      if (wanted != null) {
        wanted.accept(statistics);
      }
    }

    private MemorySegment scalesOf(int first, int count) {
      long row = (long) tile.scaleColumns(bands.columns()) * file.scales().bytes();
      int firstScaleRow = tile.scaleRow(first);
      return allScales.asSlice(firstScaleRow * row, tile.scaleRows(count) * row);
    }

    private float tensorScale() throws IOException {
      float[] amax = new float[1];
      bands.forEach(
          (first, count) -> {
            MemorySegment band = reader.band(source, type, bands.columns(), first, count);
            amax[0] =
                Math.max(
                    amax[0],
                    finite(
                        band,
                        first,
                        count,
                        () ->
                            HostQuantize.amax(
                                pool, where, band, kernelType, count, bands.columns())));
          });
      return file.recipe().scaleRule().scale(amax[0], file.recipe().element());
    }

    private void encodeTensorWise(MemorySegment band, int first, int count, MemorySegment to) {
      float scale = allScales.get(ValueLayout.JAVA_FLOAT, 0);
      boolean sawNan =
          finite(
              band,
              first,
              count,
              () ->
                  HostQuantize.quantizeWithScale(
                      pool,
                      where,
                      band,
                      kernelType,
                      count,
                      bands.columns(),
                      file.recipe().element(),
                      scale,
                      to));
      refuseNan(sawNan, band, first, count);
    }

    private void encode(
        MemorySegment band, int first, int count, MemorySegment to, MemorySegment toScales) {
      boolean sawNan =
          finite(
              band,
              first,
              count,
              () ->
                  HostQuantize.quantize(
                      pool,
                      where,
                      band,
                      kernelType,
                      count,
                      bands.columns(),
                      file.recipe(),
                      to,
                      toScales));
      refuseNan(sawNan, band, first, count);
    }

    /** The formats without a fast loop: by the reference. */
    private void encodeSlowly(
        MemorySegment band, int first, int count, MemorySegment to, MemorySegment toScales) {
      float[] values = new float[count * bands.columns()];
      for (int i = 0; i < values.length; i++) {
        values[i] = MatrixReader.value(band, kernelType, i);
        refuseNan(!Float.isFinite(values[i]), band, first, count);
      }
      QuantizationRecipe recipe = file.recipe();
      Fp8Tensor tensor = QuantizerReference.quantize(where, values, count, bands.columns(), recipe);
      NarrowCodes.pack(tensor.codes(), file.codes(), to);
      for (int i = 0; i < tensor.scales().length; i++) {
        NarrowCodes.putScale(toScales, file.scales(), i, tensor.scales()[i]);
      }
    }

    /** Runs {@code step}; an index in what it complains about becomes the whole tensor's. */
    private <T> T finite(
        MemorySegment band, int first, int count, java.util.function.Supplier<T> step) {
      try {
        return step.get();
      } catch (InputException e) {
        throw notFinite(band, first, count);
      }
    }

    private void refuseNan(boolean sawNan, MemorySegment band, int first, int count) {
      if (sawNan) {
        throw notFinite(band, first, count);
      }
    }

    private InputException notFinite(MemorySegment band, int first, int count) {
      return HostQuantize.notFinite(where, band, kernelType, count, bands.columns(), first, true);
    }
  }

  @Override
  public void close() {
    reader.close();
    codes.close();
    scales.close();
    roundTrip.close();
  }
}
