package org.foretoken.cli;

import java.nio.file.Path;
import java.util.OptionalInt;
import java.util.function.Supplier;
import org.foretoken.fp8.InputException;
import org.foretoken.kernels.graph.Backend;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.graph.Graph;
import org.foretoken.model.config.ModelConfig;
import org.foretoken.model.config.Recipe;
import org.foretoken.model.config.RunConfig;
import org.foretoken.model.data.Tokenizer;
import org.foretoken.model.decode.Generator;
import org.foretoken.model.exchange.ModelFolder;
import org.foretoken.model.nn.ModelLayout;
import org.foretoken.model.nn.PrecisionTable;
import org.foretoken.model.train.TrainCheckpoint;

/**
 * A trained model whose weights lie on a device: a checkpoint of a run, or a folder as other
 * programs write them.
 *
 * @param model the model
 * @param recipe precision that it decodes in
 * @param tokenizer text to tokens and back
 * @param foreign whether it comes from a folder with a tokenizer of its own, whose template prompts
 *     are put into
 * @param endOfText token that ends a text, -1 without
 * @param folder the folder, or null for a checkpoint of a run
 * @param backend the device; closed with the model
 */
record LoadedModel(
    ModelConfig model,
    Recipe recipe,
    Tokenizer tokenizer,
    boolean foreign,
    int endOfText,
    ModelFolder folder,
    Backend backend)
    implements AutoCloseable {
  /**
   * What may be asked for other than what a folder says.
   *
   * @param mtpDepth number of MTP modules; empty for all
   * @param tokenizer a tokenizer.json, or "bytes"; null for the model's own
   * @param recipe precision; null for the one that it was trained in, or that its weights are in
   */
  record Wishes(OptionalInt mtpDepth, String tokenizer, Recipe recipe) {
    private static final String BYTES = "bytes";

    Tokenizer tokenizerOr(String own) {
      return Tokenizer.open(tokenizer == null ? own : tokenizer.equals(BYTES) ? "" : tokenizer);
    }
  }

  /**
   * Loads a model.
   *
   * @param path folder of a run, of a checkpoint, or of a model
   * @param device opens the device; called where the folder is a model
   * @throws InputException when it is none, damaged, or other than wished
   */
  static LoadedModel open(Path path, Supplier<Backend> device, Wishes wishes) {
    return ModelFolder.is(path) ? ofFolder(path, device, wishes) : ofRun(path, device, wishes);
  }

  private static LoadedModel ofRun(Path path, Supplier<Backend> device, Wishes wishes) {
    RunConfig run = TrainCheckpoint.config(path);
    int depth = run.model().mtpDepth();
    if (wishes.mtpDepth.orElse(depth) != depth) {
      throw new InputException(
          "--mtp-depth: expected the "
              + depth
              + " MTP modules that the model was trained with, found "
              + wishes.mtpDepth.getAsInt()
              + "; --no-speculative decodes without them");
    }
    ModelLayout layout = ModelLayout.of(run.model());
    Tokenizer tokenizer = wishes.tokenizerOr(run.data().tokenizer());
    Backend backend = null;
    try {
      requireTokens(tokenizer, run.model());
      backend = device.get();
      Graph weights = new Graph("weights");
      layout
          .tensors()
          .forEach(s -> weights.declare(s.name(), DType.F32, s.role(), s.shape().dims()));
      backend.compile(weights);
      TrainCheckpoint.restoreWeights(path, backend, layout);
      Recipe recipe = wishes.recipe == null ? run.train().recipe() : wishes.recipe;
      return new LoadedModel(
          run.model(), recipe, tokenizer, false, tokenizer.endOfText(), null, backend);
    } catch (RuntimeException e) {
      close(tokenizer, null, backend);
      throw e;
    }
  }

  private static LoadedModel ofFolder(Path path, Supplier<Backend> device, Wishes wishes) {
    ModelFolder folder = ModelFolder.open(path, wishes.mtpDepth);
    Tokenizer tokenizer = null;
    Backend backend = null;
    try {
      if (wishes.tokenizer == null && folder.tokenizer().isEmpty()) {
        throw new InputException(
            "checkpoint '"
                + path
                + "': expected tokenizer.json in it, found none; give one with --tokenizer, or"
                + " --tokenizer bytes");
      }
      tokenizer = wishes.tokenizerOr(folder.tokenizer().map(Path::toString).orElse(""));
      requireTokens(tokenizer, folder.model());
      backend = device.get();
      folder.load(backend);
      Recipe recipe = wishes.recipe == null ? folder.format().recipe() : wishes.recipe;
      int end = folder.endOfText() >= 0 ? folder.endOfText() : tokenizer.endOfText();
      return new LoadedModel(folder.model(), recipe, tokenizer, true, end, folder, backend);
    } catch (RuntimeException e) {
      close(tokenizer, folder, backend);
      throw e;
    }
  }

  private static void requireTokens(Tokenizer tokenizer, ModelConfig model) {
    tokenizer.requireWithin(
        model.vocabSize(), "give the tokenizer that the model was trained with");
  }

  /** A generator for so many tokens in all; FP8 weights of a folder keep their codes. */
  Generator generator(int capacity) {
    Generator generator = new Generator(backend, model, PrecisionTable.of(recipe), capacity);
    if (folder != null && recipe == Recipe.DEEPSEEK) {
      folder.loadCodes(backend);
    }
    return generator;
  }

  /** The tokens of a prompt. */
  int[] encode(String prompt) {
    return foreign ? tokenizer.encodePrompt(prompt) : tokenizer.encode(prompt);
  }

  private static void close(Tokenizer tokenizer, ModelFolder folder, Backend backend) {
    if (backend != null) {
      backend.close();
    }
    if (tokenizer != null) {
      tokenizer.close();
    }
    if (folder != null) {
      folder.close();
    }
  }

  @Override
  public void close() {
    close(tokenizer, folder, backend);
  }
}
