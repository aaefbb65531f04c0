package org.foretoken.model.train;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.foretoken.fp8.InputException;
import org.foretoken.kernels.graph.Backend;
import org.foretoken.kernels.graph.DType;
import org.foretoken.model.checkpoint.SafetensorsDType;
import org.foretoken.model.checkpoint.SafetensorsFile;
import org.foretoken.model.checkpoint.SafetensorsWriter;
import org.foretoken.model.checkpoint.TensorInfo;
import org.foretoken.model.config.ConfigJson;
import org.foretoken.model.config.RunConfig;
import org.foretoken.model.nn.ModelLayout;
import org.foretoken.model.nn.ParameterSpec;
import org.foretoken.model.nn.PrecisionTable;

/**
 * What a run needs to go on, as files: {@code config.json} (the run's configuration), {@code
 * model.safetensors} (FP32 master weights and buffers, one tensor for each expert), {@code
 * optimizer.safetensors} (AdamW's moments). The number of steps done is in the folder's name and in
 * both files' metadata; the data's state is a function of it.
 */
public final class TrainCheckpoint {
  private static final String CONFIG = "config.json";
  private static final String MODEL = "model.safetensors";
  private static final String OPTIMIZER = "optimizer.safetensors";
  private static final String STEP = "step";

  private TrainCheckpoint() {}

  /** Saves the state that a backend holds as a new checkpoint of a run; returns its folder. */
  public static Path save(
      Path run,
      Backend backend,
      RunConfig config,
      ModelLayout layout,
      PrecisionTable precision,
      int step) {
    Map<String, String> metadata = Map.of("format", "foretoken", STEP, Integer.toString(step));
    return CheckpointStore.save(
        run,
        step,
        folder -> {
          Files.writeString(folder.resolve(CONFIG), ConfigJson.write(config));
          try (Arena arena = Arena.ofConfined()) {
            Download download = new Download(backend, arena, layout);
            SafetensorsWriter.write(folder.resolve(MODEL), metadata, weights(download, layout));
            SafetensorsWriter.write(
                folder.resolve(OPTIMIZER), metadata, moments(download, layout, precision));
          }
        });
  }

  private static List<SafetensorsWriter.Entry> weights(Download download, ModelLayout layout) {
    List<SafetensorsWriter.Entry> entries = new ArrayList<>();
    layout.tensors().forEach(p -> download.add(entries, "", p, DType.F32));
    return entries;
  }

  private static List<SafetensorsWriter.Entry> moments(
      Download download, ModelLayout layout, PrecisionTable precision) {
    List<SafetensorsWriter.Entry> entries = new ArrayList<>();
    for (ParameterSpec p : layout.parameters()) {
      download.add(entries, TrainGraph.firstMoment(""), p, precision.moments());
      download.add(entries, TrainGraph.secondMoment(""), p, precision.moments());
    }
    return entries;
  }

  /** Reads tensors off a backend through one buffer. */
  private static final class Download {
    private final Backend backend;
    private final MemorySegment buffer;

    Download(Backend backend, Arena arena, ModelLayout layout) {
      this.backend = backend;
      long largest = layout.tensors().mapToLong(ParameterSpec::elements).max().orElse(0);
      buffer = arena.allocate(Math.max(1, largest * Float.BYTES), 64);
    }

    /**
     * Adds the file tensors of {@code prefix + p.name()}: a stack is read off the backend once,
     * with its first expert, since a file is written in order.
     */
    void add(List<SafetensorsWriter.Entry> entries, String prefix, ParameterSpec p, DType dtype) {
      MemorySegment whole = buffer.asSlice(0, p.elements() * dtype.bytes());
      for (ParameterSpec.FileTensor f : p.files()) {
        MemorySegment slice = slice(whole, f, dtype);
        entries.add(
            new SafetensorsWriter.Entry(
                prefix + f.name(),
                fileType(dtype),
                extents(f),
                () -> {
                  if (f.offset() == 0) {
                    backend.download(prefix + p.name(), whole);
                  }
                  return slice;
                }));
      }
    }
  }

  private static MemorySegment slice(
      MemorySegment whole, ParameterSpec.FileTensor file, DType dtype) {
    return whole.asSlice(file.offset() * dtype.bytes(), file.shape().elements() * dtype.bytes());
  }

  private static List<Long> extents(ParameterSpec.FileTensor file) {
    return Arrays.stream(file.shape().dims()).mapToObj(d -> (long) d).toList();
  }

  private static SafetensorsDType fileType(DType dtype) {
    return dtype == DType.BF16 ? SafetensorsDType.BF16 : SafetensorsDType.F32;
  }

  /**
   * Reads the configuration of the run that wrote a checkpoint.
   *
   * @param path folder of a run or of a checkpoint
   * @throws InputException when there is no readable checkpoint
   */
  public static RunConfig config(Path path) {
    Path file = CheckpointStore.locate(path).resolve(CONFIG);
    try {
      return ConfigJson.read("checkpoint '" + file + "'", Files.readString(file));
    } catch (IOException e) {
      throw new InputException(
          "checkpoint '" + file + "': cannot be read (" + e.getMessage() + ")");
    }
  }

  /**
   * Uploads master weights and moments, and tells how many steps were done.
   *
   * @throws InputException when a file is missing or damaged, or is of another model or recipe
   */
  public static int restore(
      Path path, Backend backend, ModelLayout layout, PrecisionTable precision) {
    Path folder = CheckpointStore.locate(path);
    int step = restoreWeights(folder, backend, layout);
    try (SafetensorsFile file = SafetensorsFile.open(folder.resolve(OPTIMIZER))) {
      if (step(file) != step) {
        throw new InputException(
            "checkpoint '"
                + folder
                + "': expected weights and moments of one step, found "
                + step
                + " and "
                + step(file));
      }
      for (ParameterSpec p : layout.parameters()) {
        load(file, TrainGraph.firstMoment(""), p, precision.moments(), backend);
        load(file, TrainGraph.secondMoment(""), p, precision.moments(), backend);
      }
    }
    return step;
  }

  /** Uploads master weights and buffers alone, and tells how many steps were done. */
  public static int restoreWeights(Path path, Backend backend, ModelLayout layout) {
    try (SafetensorsFile file = SafetensorsFile.open(CheckpointStore.locate(path).resolve(MODEL))) {
      Set<String> known =
          layout
              .tensors()
              .flatMap(p -> p.files().stream())
              .map(ParameterSpec.FileTensor::name)
              .collect(Collectors.toSet());
      for (TensorInfo t : file.tensors()) {
        if (!known.contains(t.name())) {
          throw new InputException(
              "checkpoint '"
                  + file.path()
                  + "': tensor '"
                  + t.name()
                  + "' is not of the configured model; use the configuration it was trained with");
        }
      }
      layout.tensors().forEach(p -> load(file, "", p, DType.F32, backend));
      return step(file);
    }
  }

  private static void load(
      SafetensorsFile file, String prefix, ParameterSpec p, DType dtype, Backend backend) {
    if (!p.stacked()) {
      backend.upload(prefix + p.name(), bytes(file, prefix, p.files().getFirst(), dtype));
      return;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment whole = arena.allocate(p.elements() * dtype.bytes(), 64);
      for (ParameterSpec.FileTensor f : p.files()) {
        slice(whole, f, dtype).copyFrom(bytes(file, prefix, f, dtype));
      }
      backend.upload(prefix + p.name(), whole);
    }
  }

  /** The bytes of a tensor, once its type and shape are those expected. */
  private static MemorySegment bytes(
      SafetensorsFile file, String prefix, ParameterSpec.FileTensor expected, DType dtype) {
    String tensor = prefix + expected.name();
    TensorInfo info = file.info(tensor);
    List<Long> shape = extents(expected);
    if (info.dtype() != fileType(dtype) || !info.shape().equals(shape)) {
      throw new InputException(
          "checkpoint '"
              + file.path()
              + "': tensor '"
              + tensor
              + "' expected "
              + fileType(dtype)
              + shape
              + ", found "
              + info.dtype()
              + info.shape()
              + "; use the model and recipe it was trained with");
    }
    return file.bytes(tensor);
  }

  private static int step(SafetensorsFile file) {
    String step = file.metadata().getOrDefault(STEP, "");
    if (!step.matches("\\d{1,9}")) {
      throw new InputException(
          "checkpoint '"
              + file.path()
              + "': expected a step in the file's metadata, found '"
              + step
              + "'; resume from a checkpoint that train wrote");
    }
    return Integer.parseInt(step);
  }
}
