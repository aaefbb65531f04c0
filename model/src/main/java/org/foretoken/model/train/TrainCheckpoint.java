package org.foretoken.model.train;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
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
 * model.safetensors} (FP32 master weights), {@code optimizer.safetensors} (AdamW's moments). The
 * number of steps done is in the folder's name and in both files' metadata; the data's state is a
 * function of it.
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
    for (ParameterSpec p : layout.parameters()) {
      entries.add(download.entry(p.name(), p, DType.F32));
    }
    return entries;
  }

  private static List<SafetensorsWriter.Entry> moments(
      Download download, ModelLayout layout, PrecisionTable precision) {
    List<SafetensorsWriter.Entry> entries = new ArrayList<>();
    for (ParameterSpec p : layout.parameters()) {
      entries.add(download.entry(TrainGraph.firstMoment(p.name()), p, precision.moments()));
      entries.add(download.entry(TrainGraph.secondMoment(p.name()), p, precision.moments()));
    }
    return entries;
  }

  /** Reads tensors off a backend through one buffer. */
  private static final class Download {
    private final Backend backend;
    private final MemorySegment buffer;

    Download(Backend backend, Arena arena, ModelLayout layout) {
      this.backend = backend;
      long largest =
          layout.parameters().stream().mapToLong(ParameterSpec::elements).max().orElse(0);
      buffer = arena.allocate(Math.max(1, largest * Float.BYTES), 64);
    }

    SafetensorsWriter.Entry entry(String tensor, ParameterSpec p, DType dtype) {
      List<Long> shape = new ArrayList<>();
      for (int d : p.shape().dims()) {
        shape.add((long) d);
      }
      MemorySegment slice = buffer.asSlice(0, p.elements() * dtype.bytes());
      return new SafetensorsWriter.Entry(
          tensor,
          fileType(dtype),
          shape,
          () -> {
            backend.download(tensor, slice);
            return slice;
          });
    }
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
        load(file, TrainGraph.firstMoment(p.name()), p, precision.moments(), backend);
        load(file, TrainGraph.secondMoment(p.name()), p, precision.moments(), backend);
      }
    }
    return step;
  }

  /** Uploads master weights alone, and tells how many steps were done. */
  public static int restoreWeights(Path path, Backend backend, ModelLayout layout) {
    try (SafetensorsFile file = SafetensorsFile.open(CheckpointStore.locate(path).resolve(MODEL))) {
      for (TensorInfo t : file.tensors()) {
        if (!layout.has(t.name())) {
          throw new InputException(
              "checkpoint '"
                  + file.path()
                  + "': tensor '"
                  + t.name()
                  + "' is not of the configured model; use the configuration it was trained with");
        }
      }
      for (ParameterSpec p : layout.parameters()) {
        load(file, p.name(), p, DType.F32, backend);
      }
      return step(file);
    }
  }

  private static void load(
      SafetensorsFile file, String tensor, ParameterSpec p, DType dtype, Backend backend) {
    TensorInfo info = file.info(tensor);
    List<Long> shape = new ArrayList<>();
    for (int d : p.shape().dims()) {
      shape.add((long) d);
    }
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
    backend.upload(tensor, file.bytes(tensor));
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
