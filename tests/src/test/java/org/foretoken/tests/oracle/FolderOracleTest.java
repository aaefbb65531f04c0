package org.foretoken.tests.oracle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalInt;
import java.util.SplittableRandom;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.foretoken.kernels.host.HostBackend;
import org.foretoken.model.config.Recipe;
import org.foretoken.model.exchange.ModelFolder;
import org.foretoken.model.mtp.MtpForward;
import org.foretoken.model.nn.PrecisionTable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A folder in Llama's layout, made by hand from LibTorch's tensors, gives the logits that LibTorch
 * computes from them with Llama's own rotation of halves; and so does its MTP module.
 */
class FolderOracleTest {
  private static final int V = 19;
  private static final int E = 12;
  private static final int HEADS = 4;
  private static final int KV_HEADS = 2;
  private static final int D = 6;
  private static final int F = 20;
  private static final int T = 9;
  private static final double EPS = 1e-5;
  private static final double THETA = 500;
  private static final String CONFIG =
      """
      {"model_type": "llama", "vocab_size": 19, "hidden_size": 12, "intermediate_size": 20,
       "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 6,
       "num_nextn_predict_layers": 1, "rms_norm_eps": 1e-5, "rope_theta": 500.0}
      """;

  @TempDir private Path folder;

  private final Map<String, Tensor> weights = new LinkedHashMap<>();
  private final SplittableRandom random = new SplittableRandom(23);

  private void add(String name, long... shape) {
    double[] values = new double[Math.toIntExact(Arrays.stream(shape).reduce(1, (a, b) -> a * b))];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (random.nextGaussian() * 0.4 + (shape.length == 1 ? 1 : 0));
    }
    weights.put(name, TorchDoubles.constant(values, shape));
  }

  private void addAll() {
    add("model.embed_tokens.weight", V, E);
    for (int layer = 0; layer < 3; layer++) {
      String block = "model.layers." + layer + ".";
      add(block + "input_layernorm.weight", E);
      add(block + "self_attn.q_proj.weight", HEADS * D, E);
      add(block + "self_attn.k_proj.weight", KV_HEADS * D, E);
      add(block + "self_attn.v_proj.weight", KV_HEADS * D, E);
      add(block + "self_attn.o_proj.weight", E, HEADS * D);
      add(block + "post_attention_layernorm.weight", E);
      add(block + "mlp.gate_proj.weight", F, E);
      add(block + "mlp.up_proj.weight", F, E);
      add(block + "mlp.down_proj.weight", E, F);
    }
    add("model.layers.2.enorm.weight", E);
    add("model.layers.2.hnorm.weight", E);
    add("model.layers.2.eh_proj.weight", E, 2 * E);
    add("model.layers.2.shared_head.norm.weight", E);
    add("model.norm.weight", E);
    add("lm_head.weight", V, E);
  }

  /** safetensors and config.json as bytes and text. */
  private void write() throws IOException {
    StringBuilder header = new StringBuilder("{\"__metadata__\":{\"format\":\"pt\"}");
    ByteArrayOutputStream data = new ByteArrayOutputStream();
    weights.forEach(
        (name, tensor) -> {
          double[] values = TorchDoubles.values(tensor);
          ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
          for (double value : values) {
            bytes.putFloat((float) value);
          }
          int at = data.size();
          data.writeBytes(bytes.array());
          String shape = Arrays.toString(tensor.sizes().vec().get());
          header.append(
              String.format(
                  ",\"%s\":{\"dtype\":\"F32\",\"shape\":%s,\"data_offsets\":[%d,%d]}",
                  name, shape, at, data.size()));
        });
    byte[] json = header.append('}').toString().getBytes(StandardCharsets.UTF_8);
    ByteBuffer file = ByteBuffer.allocate(8 + json.length + data.size());
    file.order(ByteOrder.LITTLE_ENDIAN).putLong(json.length).put(json).put(data.toByteArray());
    Files.write(folder.resolve("model.safetensors"), file.array());
    Files.writeString(folder.resolve("config.json"), CONFIG);
  }

  private Tensor weight(String name) {
    return weights.get(name);
  }

  private Tensor linear(Tensor x, String name) {
    return torch.matmul(x, weight(name).t());
  }

  private Tensor norm(Tensor x, String name) {
    Tensor mean =
        x.mul(x).mean(new long[] {1}, true, new org.bytedeco.pytorch.ScalarTypeOptional());
    return x.mul(mean.add(new Scalar(EPS)).rsqrt()).mul(weight(name));
  }

  /** Llama's rotation: the second half of a head turns into the first, negated. */
  private static Tensor rotate(Tensor x, int heads) {
    double[] cos = new double[T * D];
    double[] sin = new double[T * D];
    for (int i = 0; i < T; i++) {
      for (int c = 0; c < D; c++) {
        double angle = i * Math.pow(THETA, -2.0 * (c % (D / 2)) / D);
        cos[i * D + c] = Math.cos(angle);
        sin[i * D + c] = Math.sin(angle);
      }
    }
    Tensor h = x.reshape(T, heads, D);
    Tensor half =
        torch.cat(new TensorVector(h.narrow(2, D / 2, D / 2).neg(), h.narrow(2, 0, D / 2)), 2);
    return h.mul(TorchDoubles.constant(cos, T, 1, D))
        .add(half.mul(TorchDoubles.constant(sin, T, 1, D)));
  }

  private Tensor attention(Tensor x, String attn) {
    Tensor q = rotate(linear(x, attn + "q_proj.weight"), HEADS);
    Tensor k = rotate(linear(x, attn + "k_proj.weight"), KV_HEADS);
    Tensor v = linear(x, attn + "v_proj.weight").reshape(T, KV_HEADS, D);
    double[] mask = new double[T * T];
    for (int i = 0; i < T; i++) {
      Arrays.fill(mask, i * T + i + 1, (i + 1) * T, -1e30);
    }
    TensorVector heads = new TensorVector();
    for (int h = 0; h < HEADS; h++) {
      int kv = h / (HEADS / KV_HEADS);
      Tensor scores =
          torch
              .matmul(q.select(1, h), k.select(1, kv).t())
              .mul(new Scalar(1 / Math.sqrt(D)))
              .add(TorchDoubles.constant(mask, T, T));
      heads.push_back(torch.matmul(torch.softmax(scores, 1), v.select(1, kv)));
    }
    return linear(torch.cat(heads, 1), attn + "o_proj.weight");
  }

  private Tensor block(Tensor x, int layer) {
    String block = "model.layers." + layer + ".";
    Tensor attended = attention(norm(x, block + "input_layernorm.weight"), block + "self_attn.");
    Tensor middle = x.add(attended);
    Tensor in = norm(middle, block + "post_attention_layernorm.weight");
    Tensor gate = linear(in, block + "mlp.gate_proj.weight");
    Tensor inner = gate.mul(torch.sigmoid(gate)).mul(linear(in, block + "mlp.up_proj.weight"));
    return middle.add(linear(inner, block + "mlp.down_proj.weight"));
  }

  @Test
  void logitsAreThoseOfLibTorch() throws IOException {
    addAll();
    write();
    int[] ids = random.ints(T, 0, V).toArray();
    Tensor table = weight("model.embed_tokens.weight");
    Tensor hidden = table.index_select(0, TorchDoubles.integers(ids));
    hidden = norm(block(block(hidden, 0), 1), "model.norm.weight");
    Tensor main = linear(hidden, "lm_head.weight");
    int[] next = Arrays.copyOf(Arrays.copyOfRange(ids, 1, T), T);
    Tensor e =
        norm(table.index_select(0, TorchDoubles.integers(next)), "model.layers.2.enorm.weight");
    Tensor h = norm(hidden, "model.layers.2.hnorm.weight");
    Tensor joined = linear(torch.cat(new TensorVector(e, h), 1), "model.layers.2.eh_proj.weight");
    Tensor drafted =
        linear(norm(block(joined, 2), "model.layers.2.shared_head.norm.weight"), "lm_head.weight");
    try (ModelFolder read = ModelFolder.open(folder, OptionalInt.empty());
        HostBackend backend = new HostBackend()) {
      read.load(backend);
      MtpForward forward =
          new MtpForward(backend, read.model(), PrecisionTable.of(Recipe.FP32), 1, T);
      float[][][][] logits = forward.logits(new int[][] {ids});
      assertClose(logits[0][0], TorchDoubles.values(main));
      assertClose(logits[1][0], TorchDoubles.values(drafted));
    }
  }

  private static void assertClose(float[][] found, double[] expected) {
    for (int i = 0; i < found.length; i++) {
      for (int j = 0; j < V; j++) {
        assertThat((double) found[i][j])
            .as("row %d, token %d", i, j)
            .isCloseTo(expected[i * V + j], within(1e-4));
      }
    }
  }
}
