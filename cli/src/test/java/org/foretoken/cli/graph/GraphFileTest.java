package org.foretoken.cli.graph;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.foretoken.fp8.InputException;
import org.foretoken.kernels.graph.Role;
import org.foretoken.kernels.graph.Tensor;
import org.foretoken.model.checkpoint.SafetensorsDType;
import org.foretoken.model.checkpoint.SafetensorsWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GraphFileTest {
  private static final String GOOD =
      """
      name: norm
      tensors:
        x: {dtype: f32, shape: [3, 8], source: {kind: normal, std: 2, seed: 5}}
        gain: {dtype: f32, shape: [8], parameter: true, source: {kind: values, values: [1, 2]}}
        y: {dtype: f32, shape: [3, 8]}
        rstd: {dtype: f32, shape: [3]}
        sum: {dtype: f32, shape: [3, 8]}
      operations:
        - {op: RmsNorm, attributes: {eps: 1e-6}, inputs: [x, gain], outputs: [y, rstd]}
        - {op: Add, label: twice, inputs: [y, y], outputs: [sum]}
      outputs: [sum, rstd]
      """;

  @TempDir Path folder;

  private GraphProgram load(String text) throws IOException {
    Path file = folder.resolve("g.yaml");
    Files.writeString(file, text);
    return GraphFile.load(file.toString());
  }

  private String messageOf(String text) throws IOException {
    try {
      load(text);
    } catch (InputException e) {
      assertThat(e.getMessage()).doesNotContain("\n").startsWith(folder.resolve("g.yaml") + ":");
      return e.getMessage().substring(folder.resolve("g.yaml").toString().length() + 1);
    }
    throw new AssertionError("loaded without an error");
  }

  private static float[] filled(GraphProgram program, String tensor) {
    Tensor t = program.graph().tensor(tensor);
    float[] values = new float[(int) t.shape().elements()];
    program.fill(t, MemorySegment.ofArray(values));
    return values;
  }

  @Test
  void rolesFollowFromSourcesAndOutputs() throws IOException {
    GraphProgram program = load(GOOD);
    assertThat(program.graph().tensors())
        .extracting(Tensor::name, Tensor::role)
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple("x", Role.INPUT),
            org.assertj.core.groups.Tuple.tuple("gain", Role.PARAMETER),
            org.assertj.core.groups.Tuple.tuple("y", Role.TRANSIENT),
            org.assertj.core.groups.Tuple.tuple("rstd", Role.OUTPUT),
            org.assertj.core.groups.Tuple.tuple("sum", Role.OUTPUT));
    assertThat(program.outputs()).extracting(Tensor::name).containsExactly("sum", "rstd");
    assertThat(program.graph().nodes())
        .extracting(n -> n.label())
        .containsExactly("operations[0]", "twice");
  }

  @Test
  void sourcesDependOnTheirSeedAlone() throws IOException {
    assertThat(filled(load(GOOD), "gain")).containsExactly(1, 2, 1, 2, 1, 2, 1, 2);
    float[] x = filled(load(GOOD), "x");
    assertThat(filled(load(GOOD), "x")).containsExactly(x);
    assertThat(filled(load(GOOD.replace("seed: 5", "seed: 6")), "x")).isNotEqualTo(x);
    double squares = 0;
    for (float v : x) {
      squares += v * v;
    }
    assertThat(Math.sqrt(squares / x.length)).isBetween(1.0, 3.0);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      textBlock =
          """
          op: Add,      | op: Ad,         | 10: operations[1].op: unknown operation 'Ad'; did you mean 'Add'?
          [y, y]        | [y, z]          | 10: operations[1].inputs[1]: no tensor named 'z' in 'tensors'
          [y, rstd]     | [y, rsdt]       | 9: operations[0].outputs[1]: no tensor named 'rsdt' in 'tensors'; did you mean 'rstd'?
          [y, y]        | [y, rstd]       | operand 'b' expected F32[*] with {}, found rstd F32[3]
          dtype: f32, shape: [3] | dtype: bf16, shape: [3] | operand 'rstd' expected F32[N] with {
          [x, gain]     | [x, y]          | 9: operations[0].inputs[1]: tensor 'y' has no value
          dtype: f32, shape: [8] | dtype: f23, shape: [8] | 4: tensors.gain.dtype: expected one of f32, bf16, e4m3, e5m2, e5m6, i32, found f23; did you mean 'f32'?
          shape: [8]    | shape: 8        | 4: tensors.gain.shape: expected a list, found 8
          shape: [8]    | shape: [x]      | 4: tensors.gain.shape[0]: expected a whole number
          shape: [8]    | shape: [-8]     | 4: tensors.gain: shape [-8]: expected extents >= 0, found -8
          eps: 1e-6     | epsilon: 1e-6   | 9: operations[0].attributes.epsilon: unknown key
          {eps: 1e-6}   | {}              | 9: operations[0].attributes.eps: missing
          kind: normal  | kind: norml     | 3: tensors.x.source.kind: expected one of normal, uniform, values, safetensors, found norml; did you mean 'normal'?
          std: 2, seed  | std: 2, sead    | 3: tensors.x.source.sead: unknown key; did you mean 'seed'?
          outputs: [sum, rstd] | outputs: [x] | 11: outputs[0]: expected a tensor that an operation writes, found 'x'
          outputs: [sum, rstd] | output: [x] | 11: output: unknown key; did you mean 'outputs'?
          inputs: [y, y] | inputs: [sum, sum] | 10: operations[1].inputs[0]: tensor 'sum' has no value
          rstd: {dtype  | rest: {dtype: f32, shape: [1]}⏎  rstd: {dtype | 6: tensors.rest: no operation reads or writes it
          name: norm    | preset: tiny    | 1: preset: unknown key
          name: norm    | layers: model   | 2: tensors: expected none beside 'layers'
          name: norm    | config: {}      | 1: name: missing
          """)
  void mistakesAreNamedWithTheirPath(String good, String bad, String message) throws IOException {
    assertThat(GOOD).contains(good);
    String text = GOOD.replace(good, bad.replace("⏎", "\n"));
    assertThat(messageOf(bad.startsWith("layers") ? "name: n\n" + text : text))
        .contains(bad.startsWith("layers") ? message.replace("2:", "3:") : message);
  }

  @Test
  void mistakesOfSourcesShowWhenTheyAreRead() throws IOException {
    GraphProgram program =
        load(
            GOOD.replace(
                "source: {kind: values, values: [1, 2]}",
                "source: {kind: safetensors, file: w.safetensors, tensor: gain}"));
    assertThat(messageOfFilling(program))
        .contains("g.yaml:4: tensors.gain: source: safetensors", "found nothing");
    write("w.safetensors", 7);
    assertThat(messageOfFilling(program)).contains("tensor 'gain' expected F32[8], found F32[7]");
    write("w.safetensors", 8);
    assertThat(filled(program, "gain")).containsExactly(0, 1, 2, 3, 4, 5, 6, 7);
  }

  private static String messageOfFilling(GraphProgram program) {
    try {
      filled(program, "gain");
    } catch (InputException e) {
      return e.getMessage();
    }
    throw new AssertionError("filled without an error");
  }

  private void write(String name, int length) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bytes = arena.allocate(4L * length, 4);
      for (int i = 0; i < length; i++) {
        bytes.setAtIndex(ValueLayout.JAVA_FLOAT, i, i);
      }
      Files.deleteIfExists(folder.resolve(name));
      SafetensorsWriter.write(
          folder.resolve(name),
          Map.of(),
          List.of(
              new SafetensorsWriter.Entry(
                  "gain",
                  SafetensorsDType.F32,
                  List.of((long) length),
                  (SafetensorsWriter.Source) () -> bytes)));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "fp8-linear, 4, 2",
    "mtp-module, 32, 2",
    "mtp-train-step, 150, 3",
    "mtp-model, 60, 4"
  })
  void graphsThatComeWithTheProgramLoad(String name, int leastTasks, int outputs) {
    GraphProgram program = GraphFile.load("../configs/graphs/" + name + ".yaml");
    assertThat(program.graph().nodes()).hasSizeGreaterThanOrEqualTo(leastTasks);
    assertThat(program.outputs()).hasSize(outputs);
    assertThat(program.graph().tensors())
        .filteredOn(t -> t.role() == Role.INPUT || t.role() == Role.PARAMETER)
        .allMatch(t -> program.values().containsKey(t.name()));
  }

  @Test
  void layersShowInnerTensorsOnRequest() throws IOException {
    String text = Files.readString(Path.of("../configs/graphs/mtp-module.yaml"));
    GraphProgram program = load(text + "outputs: [model.layers.1.concat]\n");
    assertThat(program.outputs()).extracting(Tensor::name).contains("model.layers.1.concat");
    assertThat(messageOf(text + "outputs: [nothing]\n")).contains("no tensor named 'nothing'");
    assertThat(messageOf(text.replace("hidden_size: 64", "hidden_size: 0")))
        .contains("model.hidden_size: expected 1 to 65536, found 0");
    assertThat(messageOf(text.replace("layers: mtp_module", "layers: mtp_modul")))
        .contains(
            "layers: expected one of mtp_module, model, train_step, found mtp_modul; did you mean");
  }
}
