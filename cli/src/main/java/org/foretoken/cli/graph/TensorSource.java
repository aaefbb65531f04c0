package org.foretoken.cli.graph;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import org.foretoken.fp8.InputException;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.graph.Elements;
import org.foretoken.kernels.graph.Tensor;
import org.foretoken.model.checkpoint.SafetensorsDType;
import org.foretoken.model.checkpoint.SafetensorsFile;
import org.foretoken.model.checkpoint.TensorInfo;

/** Where the elements of a graph's tensor come from before a run. */
public sealed interface TensorSource {
  /**
   * Writes all elements of a tensor.
   *
   * @param folder that relative file names start from
   * @throws InputException when the source does not fit the tensor; the message says what was
   *     expected and found, and the caller puts the YAML path in front
   */
  void fill(Tensor tensor, MemorySegment target, Path folder);

  /**
   * Normally distributed with mean 0, rounded to the tensor's type.
   *
   * @param std standard deviation
   * @param seed of the generator: equal seeds give equal tensors on every machine
   */
  record Normal(double std, long seed) implements TensorSource {
    @Override
    public void fill(Tensor tensor, MemorySegment target, Path folder) {
      if (tensor.dtype() == DType.I32) {
        throw new InputException("expected kind uniform or values for i32, found normal");
      }
      SplittableRandom random = new SplittableRandom(seed);
      for (long i = 0; i < tensor.shape().elements(); i++) {
        Elements.set(tensor.dtype(), target, i, std * random.nextGaussian());
      }
    }
  }

  /**
   * Uniform from low to high; for I32 whole numbers, both ends included.
   *
   * @param low least value
   * @param high largest value
   * @param seed of the generator
   */
  record Uniform(double low, double high, long seed) implements TensorSource {
    /** Checks the order. */
    public Uniform {
      if (!(low <= high)) {
        throw new InputException("expected low <= high, found " + low + " and " + high);
      }
    }

    @Override
    public void fill(Tensor tensor, MemorySegment target, Path folder) {
      SplittableRandom random = new SplittableRandom(seed);
      boolean whole = tensor.dtype() == DType.I32;
      for (long i = 0; i < tensor.shape().elements(); i++) {
        double draw = random.nextDouble();
        double value =
            whole ? low + Math.floor(draw * (high - low + 1)) : low + draw * (high - low);
        Elements.set(tensor.dtype(), target, i, value);
      }
    }
  }

  /**
   * These very values, from the start again where the tensor has more elements.
   *
   * @param values at least one
   */
  record Values(List<Double> values) implements TensorSource {
    /** Copies the values. */
    public Values {
      values = List.copyOf(values);
      if (values.isEmpty()) {
        throw new InputException("values: expected at least one, found an empty list");
      }
    }

    @Override
    public void fill(Tensor tensor, MemorySegment target, Path folder) {
      for (long i = 0; i < tensor.shape().elements(); i++) {
        Elements.set(tensor.dtype(), target, i, values.get((int) (i % values.size())));
      }
    }
  }

  /**
   * A tensor of a safetensors file, of the same shape and type.
   *
   * @param file path, relative to the graph's file
   * @param tensor name in the file
   */
  record Safetensors(String file, String tensor) implements TensorSource {
    @Override
    public void fill(Tensor into, MemorySegment target, Path folder) {
      try (SafetensorsFile opened = SafetensorsFile.open(folder.resolve(file))) {
        TensorInfo info = opened.info(tensor);
        SafetensorsDType wanted = fileType(into.dtype());
        List<Long> shape = longs(into.shape().dims());
        if (info.dtype() != wanted || !info.shape().equals(shape)) {
          throw new InputException(
              "safetensors '"
                  + opened.path()
                  + "': tensor '"
                  + tensor
                  + "' expected "
                  + wanted
                  + shape
                  + ", found "
                  + info.dtype()
                  + info.shape());
        }
        MemorySegment.copy(opened.bytes(tensor), 0, target, 0, into.bytes());
      }
    }

    private static List<Long> longs(int[] dims) {
      return java.util.Arrays.stream(dims).mapToLong(d -> d).boxed().toList();
    }

    private static SafetensorsDType fileType(DType dtype) {
      return switch (dtype) {
        case F32 -> SafetensorsDType.F32;
        case BF16 -> SafetensorsDType.BF16;
        case E4M3 -> SafetensorsDType.F8_E4M3;
        case E5M2 -> SafetensorsDType.F8_E5M2;
        case I32 -> SafetensorsDType.I32;
        case E5M6 ->
            throw new InputException(
                "expected f32, bf16, e4m3, e5m2 or i32, which safetensors has, found e5m6");
      };
    }
  }
}
