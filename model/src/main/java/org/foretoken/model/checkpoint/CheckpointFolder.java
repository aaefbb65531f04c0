package org.foretoken.model.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.foretoken.fp8.InputException;

/**
 * A folder of weights as Hugging Face's tools lay it out: {@code config.json}, and either {@code
 * model.safetensors.index.json} with its shards or one safetensors file. Everything is checked when
 * it is opened, and mapped, not read.
 */
public final class CheckpointFolder implements AutoCloseable {
  /** Name of the index of a sharded checkpoint. */
  public static final String INDEX = "model.safetensors.index.json";

  /** Name of the configuration. */
  public static final String CONFIG = "config.json";

  /** Name of the weights that are not sharded. */
  public static final String SINGLE = "model.safetensors";

  private static final String SUFFIX = ".safetensors";

  /** A shard lies in the folder itself, whatever an index says. */
  private static final Pattern FILE_NAME = Pattern.compile("[\\w.+=@ -]+\\.safetensors");

  private final Path path;
  private final Map<String, SafetensorsFile> shards = new LinkedHashMap<>();
  private final Map<String, SafetensorsFile> tensors = new LinkedHashMap<>();
  private final boolean indexed;
  private final ObjectNode config;

  private CheckpointFolder(Path path) {
    this.path = path;
    indexed = Files.exists(path.resolve(INDEX));
    Path file = path.resolve(CONFIG);
    config = Files.exists(file) ? JsonFiles.read(file) : null;
  }

  /**
   * Opens a folder, with all its shards.
   *
   * @throws InputException naming file, tensor and offset if anything is missing or damaged
   */
  public static CheckpointFolder open(Path path) {
    if (!Files.isDirectory(path)) {
      throw new InputException(
          "checkpoint '"
              + path
              + "': expected a folder, found "
              + (Files.exists(path) ? "a file" : "nothing")
              + "; give the folder that holds config.json and the safetensors files");
    }
    CheckpointFolder folder = new CheckpointFolder(path);
    boolean opened = false;
    try {
      if (folder.indexed) {
        folder.openIndexed();
      } else {
        folder.openShard(folder.singleFile());
        SafetensorsFile only = folder.shards.values().iterator().next();
        only.tensors().forEach(info -> folder.tensors.put(info.name(), only));
      }
      opened = true;
      return folder;
    } finally {
      if (!opened) {
        folder.close();
      }
    }
  }

  private String singleFile() {
    if (Files.exists(path.resolve(SINGLE))) {
      return SINGLE;
    }
    try (Stream<Path> files = Files.list(path)) {
      List<String> found =
          files
              .map(file -> file.getFileName().toString())
              .filter(name -> name.endsWith(SUFFIX))
              .sorted()
              .toList();
      if (found.size() == 1) {
        return found.getFirst();
      }
      throw bad(
          "expected "
              + INDEX
              + " or "
              + SINGLE
              + ", found neither, and "
              + found.size()
              + " other safetensors files");
    } catch (IOException e) {
      throw new InputException(
          "checkpoint '" + path + "': cannot be read (" + e.getMessage() + ")", e);
    }
  }

  private void openIndexed() {
    Path index = path.resolve(INDEX);
    JsonNode map = JsonFiles.read(index).path("weight_map");
    if (!map.isObject()) {
      throw bad(INDEX + ": expected an object 'weight_map', found " + map.getNodeType());
    }
    Map<String, String> files = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> entry : map.properties()) {
      files.put(entry.getKey(), fileName(entry.getKey(), entry.getValue()));
    }
    for (String file : new TreeSet<>(files.values())) {
      if (!Files.exists(path.resolve(file))) {
        throw bad(
            "shard '"
                + SafetensorsHeader.printable(file)
                + "' is listed in "
                + INDEX
                + " and missing");
      }
      openShard(file);
    }
    files.forEach(
        (tensor, file) -> {
          SafetensorsFile shard = shards.get(file);
          if (!shard.has(tensor)) {
            throw bad(
                "tensor '"
                    + SafetensorsHeader.printable(tensor)
                    + "': listed in "
                    + INDEX
                    + " for '"
                    + file
                    + "', which lacks it");
          }
          tensors.put(tensor, shard);
        });
    shards.forEach(
        (file, shard) -> {
          for (TensorInfo info : shard.tensors()) {
            if (!file.equals(files.get(info.name()))) {
              throw bad(
                  "tensor '"
                      + SafetensorsHeader.printable(info.name())
                      + "' of '"
                      + file
                      + "': expected "
                      + INDEX
                      + " to list it there, found "
                      + files.get(info.name()));
            }
          }
        });
  }

  private String fileName(String tensor, JsonNode node) {
    String name = node.textValue();
    if (name == null || !FILE_NAME.matcher(name).matches()) {
      throw bad(
          INDEX
              + ": tensor '"
              + SafetensorsHeader.printable(tensor)
              + "': expected the name of a safetensors file in this folder, found "
              + SafetensorsHeader.printable(node.toString()));
    }
    return name;
  }

  private void openShard(String name) {
    shards.put(name, SafetensorsFile.open(path.resolve(name)));
  }

  private InputException bad(String message) {
    return new InputException("checkpoint '" + path + "': " + message);
  }

  /** The folder. */
  public Path path() {
    return path;
  }

  /** Whether there is an index; if not, there is one shard. */
  public boolean indexed() {
    return indexed;
  }

  /** The configuration, a copy, if there is one. */
  public Optional<ObjectNode> config() {
    return Optional.ofNullable(config).map(ObjectNode::deepCopy);
  }

  /** The safetensors files by name, in the order of their names. */
  public Map<String, SafetensorsFile> shards() {
    return Collections.unmodifiableMap(shards);
  }

  /** Names of all tensors. */
  public Collection<String> tensorNames() {
    return Collections.unmodifiableCollection(tensors.keySet());
  }

  /** Whether there is a tensor of that name. */
  public boolean has(String tensor) {
    return tensors.containsKey(tensor);
  }

  /**
   * The file that holds a tensor.
   *
   * @throws InputException when none does
   */
  public SafetensorsFile fileOf(String tensor) {
    SafetensorsFile file = tensors.get(tensor);
    if (file == null) {
      throw bad(
          "expected a tensor '"
              + SafetensorsHeader.printable(tensor)
              + "', found none of that name"
              + " among its "
              + tensors.size());
    }
    return file;
  }

  /** The entry of a tensor. */
  public TensorInfo info(String tensor) {
    return fileOf(tensor).info(tensor);
  }

  /** The bytes of a tensor: row-major, little endian, read-only, possibly unaligned. */
  public MemorySegment bytes(String tensor) {
    return fileOf(tensor).bytes(tensor);
  }

  /** Size of all tensors in bytes. */
  public long bytes() {
    return shards.values().stream()
        .flatMap(shard -> shard.tensors().stream())
        .mapToLong(TensorInfo::bytes)
        .sum();
  }

  /** Unmaps all files. */
  @Override
  public void close() {
    shards.values().forEach(SafetensorsFile::close);
  }
}
