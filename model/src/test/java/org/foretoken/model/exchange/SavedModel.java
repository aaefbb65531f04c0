package org.foretoken.model.exchange;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.graph.Graph;
import org.foretoken.kernels.host.HostBackend;
import org.foretoken.model.TestModels;
import org.foretoken.model.checkpoint.SafetensorsDType;
import org.foretoken.model.checkpoint.SafetensorsWriter;
import org.foretoken.model.config.ConfigJson;
import org.foretoken.model.config.DataConfig;
import org.foretoken.model.config.ModelConfig;
import org.foretoken.model.config.Recipe;
import org.foretoken.model.config.RunConfig;
import org.foretoken.model.nn.ModelLayout;
import org.foretoken.model.nn.ParameterSpec;

/** A checkpoint of a run with random weights, as training writes it, and its values. */
final class SavedModel {
  final Path folder;
  final ModelConfig config;
  final Map<String, float[]> values = new LinkedHashMap<>();

  SavedModel(Path folder, ModelConfig config) throws IOException {
    this.folder = Files.createDirectories(folder);
    this.config = config;
    SplittableRandom random = new SplittableRandom(17);
    List<SafetensorsWriter.Entry> entries = new ArrayList<>();
    try (Arena arena = Arena.ofConfined()) {
      for (ParameterSpec spec : ModelLayout.of(config).tensors().toList()) {
        float[] all = new float[Math.toIntExact(spec.elements())];
        for (int i = 0; i < all.length; i++) {
          all[i] = (float) (random.nextGaussian() * 0.2 + (spec.shape().rank() == 1 ? 1 : 0));
        }
        values.put(spec.name(), all);
        MemorySegment bytes = arena.allocate(4L * all.length, 64);
        MemorySegment.copy(all, 0, bytes, ValueLayout.JAVA_FLOAT, 0, all.length);
        for (ParameterSpec.FileTensor f : spec.files()) {
          MemorySegment part = bytes.asSlice(4 * f.offset(), 4 * f.shape().elements());
          List<Long> shape = Arrays.stream(f.shape().dims()).mapToObj(d -> (long) d).toList();
          entries.add(
              new SafetensorsWriter.Entry(f.name(), SafetensorsDType.F32, shape, () -> part));
        }
      }
      SafetensorsWriter.write(
          folder.resolve("model.safetensors"), Map.of("format", "foretoken", "step", "3"), entries);
    }
    RunConfig run =
        new RunConfig(
            "t",
            config,
            TestModels.training(Recipe.DEEPSEEK, 3),
            new DataConfig("", "", true, 0.1));
    Files.writeString(folder.resolve("config.json"), ConfigJson.write(run));
  }

  /** A backend with the model's own values. */
  HostBackend backend() {
    HostBackend backend = new HostBackend();
    Graph graph = new Graph("weights");
    ModelLayout layout = ModelLayout.of(config);
    layout.tensors().forEach(s -> graph.declare(s.name(), DType.F32, s.role(), s.shape().dims()));
    backend.compile(graph);
    values.forEach((name, v) -> backend.upload(name, MemorySegment.ofArray(v)));
    return backend;
  }
}
