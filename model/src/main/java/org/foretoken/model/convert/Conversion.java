package org.foretoken.model.convert;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.LongConsumer;
import java.util.stream.Stream;
import org.foretoken.fp8.InputException;
import org.foretoken.model.checkpoint.CheckpointFolder;
import org.foretoken.model.checkpoint.SafetensorsFile;
import org.foretoken.model.checkpoint.SafetensorsWriter;
import org.foretoken.model.checkpoint.SafetensorsWriter.Entry;
import org.foretoken.model.checkpoint.SafetensorsWriter.Sink;
import org.foretoken.model.checkpoint.TensorInfo;

/**
 * Converts a folder shard by shard: one file of the output for each of the input, an index over
 * them, {@code config.json}, and the small files beside the weights (tokenizer and the like) as
 * they are. The output is complete or absent.
 */
final class Conversion {
  private static final long CHUNK = 1 << 24;
  private static final Set<String> OTHER_WEIGHTS =
      Set.of("safetensors", "bin", "pt", "pth", "ckpt", "h5", "msgpack", "gguf", "onnx");
  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .enable(com.fasterxml.jackson.databind.SerializationFeature.INDENT_OUTPUT)
          .build();

  /** What one kind of conversion makes of a shard. */
  interface Plan {
    /** What the conversion is, for the journal. */
    ObjectNode settings();

    /**
     * The tensors of the output's shard; empty if there are none.
     *
     * @param reports takes the reports when the tensors are written
     */
    List<Entry> entries(String shard, SafetensorsFile file, List<TensorReport> reports);

    /** The output's {@code config.json}, made from the input's. */
    ObjectNode config(ObjectNode input);

    /** Names of the weights that are converted. */
    List<String> converted();

    /** Names of matrices that stay as they are for want of a rule. */
    List<String> unknown();
  }

  private Conversion() {}

  /** Writes a tensor as it is. */
  static Entry copy(TensorInfo tensor, MemorySegment bytes, LongConsumer progress) {
    return new Entry(
        tensor.name(),
        tensor.dtype(),
        tensor.shape(),
        (Sink sink) -> {
          for (long at = 0; at < bytes.byteSize(); at += CHUNK) {
            long n = Math.min(CHUNK, bytes.byteSize() - at);
            sink.write(bytes.asSlice(at, n));
            progress.accept(n);
          }
        });
  }

  static ConversionResult run(
      CheckpointFolder input, Path output, Plan plan, ConversionListener listener) {
    Path target = checkTarget(input.path(), output);
    ObjectNode settings = plan.settings();
    settings.set("input", fingerprint(input));
    try (Staging staging = Staging.open(target, settings)) {
      try {
        return run(input, target, plan, listener, staging);
      } catch (InputException e) {
        staging.discard();
        throw e;
      } catch (IOException e) {
        throw failed(staging, target, e);
      }
    } catch (IOException e) {
      throw new ConversionException("output '" + target + "': " + reason(e), e);
    }
  }

  static ConversionException failed(Staging staging, Path target, IOException e) {
    int finished = staging.finished();
    if (finished == 0) {
      staging.discard();
    }
    String kept =
        finished == 0
            ? "nothing was kept"
            : "the shards that are done stay in '"
                + staging.folder()
                + "', and the same command goes on from there";
    return new ConversionException(
        "output '"
            + target
            + "': "
            + reason(e)
            + "; free some space or choose another folder; "
            + kept,
        e);
  }

  static String reason(IOException e) {
    String message = e.getMessage() == null ? "" : e.getMessage();
    return (message.isBlank() ? e.getClass().getSimpleName() : message).lines().findFirst().get();
  }

  private static ConversionResult run(
      CheckpointFolder input, Path target, Plan plan, ConversionListener listener, Staging staging)
      throws IOException {
    listener.begin(input.bytes());
    List<TensorReport> all = new ArrayList<>();
    int resumed = 0;
    for (Map.Entry<String, SafetensorsFile> shard : input.shards().entrySet()) {
      List<TensorReport> reports = new ArrayList<>();
      List<Entry> entries = plan.entries(shard.getKey(), shard.getValue(), reports);
      boolean kept = staging.has(shard.getKey());
      listener.shard(shard.getKey(), kept);
      if (kept) {
        resumed++;
        all.addAll(staging.reports(shard.getKey()));
        shard.getValue().tensors().forEach(tensor -> listener.advance(tensor.bytes()));
      } else if (!entries.isEmpty()) {
        requireSpace(staging.folder(), entries);
        Path file = staging.folder().resolve(shard.getKey());
        Map<String, String> metadata = new TreeMap<>(shard.getValue().metadata());
        metadata.putIfAbsent("format", "pt");
        staging.finish(shard.getKey(), SafetensorsWriter.write(file, metadata, entries), reports);
        all.addAll(reports);
      }
    }
    copyOthers(input.path(), staging.folder());
    ObjectNode config = plan.config(input.config().orElseGet(MAPPER::createObjectNode));
    staging.write(CheckpointFolder.CONFIG, MAPPER.writeValueAsBytes(config));
    if (input.indexed()) {
      staging.write(CheckpointFolder.INDEX, index(input.shards().keySet(), staging.folder()));
    }
    long bytes = 0;
    int shards = 0;
    try (CheckpointFolder made = CheckpointFolder.open(staging.folder())) {
      for (SafetensorsFile file : made.shards().values()) {
        bytes += Files.size(file.path());
        shards++;
      }
    }
    staging.publish();
    return new ConversionResult(
        target,
        shards,
        resumed,
        input.bytes(),
        bytes,
        plan.converted(),
        plan.unknown(),
        TensorReport.sorted(all));
  }

  /** The index over those of the shards that lie in {@code folder}. */
  static byte[] index(Collection<String> shards, Path folder) throws IOException {
    Map<String, String> map = new TreeMap<>();
    long size = 0;
    for (String shard : shards) {
      if (Files.exists(folder.resolve(shard))) {
        try (SafetensorsFile file = SafetensorsFile.open(folder.resolve(shard))) {
          for (TensorInfo tensor : file.tensors()) {
            map.put(tensor.name(), shard);
            size += tensor.bytes();
          }
        }
      }
    }
    ObjectNode index = MAPPER.createObjectNode();
    index.putObject("metadata").put("total_size", size);
    ObjectNode weights = index.putObject("weight_map");
    map.forEach(weights::put);
    return MAPPER.writeValueAsBytes(index);
  }

  private static void copyOthers(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.list(from)) {
      for (Path file : files.sorted().toList()) {
        String name = file.getFileName().toString();
        String extension = name.substring(name.lastIndexOf('.') + 1);
        boolean ours = name.equals(CheckpointFolder.CONFIG) || name.equals(CheckpointFolder.INDEX);
        boolean weights = OTHER_WEIGHTS.contains(extension) || name.endsWith(".index.json");
        if (Files.isRegularFile(file) && !name.startsWith(".") && !ours && !weights) {
          Files.deleteIfExists(to.resolve(name));
          Files.copy(file, to.resolve(name));
        }
      }
    }
  }

  static void requireSpace(Path folder, List<Entry> entries) throws IOException {
    long needed = entries.stream().mapToLong(Entry::size).sum();
    long usable = Files.getFileStore(folder).getUsableSpace();
    if (usable < needed) {
      throw new IOException(
          "No space left on device: the next shard needs "
              + needed
              + " bytes and there are "
              + usable);
    }
  }

  /** Refuses an output that would do harm; returns where it goes. */
  static Path checkTarget(Path input, Path output) {
    Path target = output.toAbsolutePath().normalize();
    String where = "output '" + output + "': ";
    try {
      Path parent = target.getParent();
      if (parent == null || !Files.isDirectory(parent)) {
        throw new InputException(
            where + "expected an existing folder to make it in; make it first");
      }
      Path real = parent.toRealPath().resolve(target.getFileName());
      if (real.startsWith(input.toRealPath())) {
        throw new InputException(where + "lies in the input '" + input + "'; choose another place");
      }
      if (Files.exists(target) && (!Files.isDirectory(target) || !isEmpty(target))) {
        throw new InputException(where + "exists already; remove it or choose another name");
      }
      return real;
    } catch (IOException e) {
      throw new InputException(where + "cannot be looked at (" + e.getMessage() + ")", e);
    }
  }

  private static boolean isEmpty(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.findAny().isEmpty();
    }
  }

  /** What would change if the input were another. */
  private static ObjectNode fingerprint(CheckpointFolder input) {
    ObjectNode node = MAPPER.createObjectNode();
    try {
      node.put("folder", input.path().toRealPath().toString());
      for (SafetensorsFile file : input.shards().values()) {
        node.put(
            file.path().getFileName().toString(),
            Files.size(file.path()) + " bytes of " + Files.getLastModifiedTime(file.path()));
      }
    } catch (IOException e) {
      throw new InputException("checkpoint '" + input.path() + "': " + reason(e), e);
    }
    return node;
  }
}
