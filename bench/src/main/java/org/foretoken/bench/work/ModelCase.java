package org.foretoken.bench.work;

import java.util.SplittableRandom;
import org.foretoken.bench.suite.Suite;
import org.foretoken.bench.suite.SuiteCase;
import org.foretoken.model.config.ModelConfig;
import org.foretoken.model.config.RunConfig;
import org.foretoken.model.config.TrainConfig;
import org.foretoken.model.data.Batch;
import org.foretoken.model.nn.ModelLayout;
import org.foretoken.model.nn.PrecisionTable;

/**
 * The model that the shape of a case names, with what belongs to it.
 *
 * @param run the configuration, with the recipe of the case
 * @param layout its parameters
 * @param precision of the case's recipe
 */
record ModelCase(RunConfig run, ModelLayout layout, PrecisionTable precision) {
  static ModelCase of(SuiteCase c) {
    RunConfig run = Suite.model(c);
    return new ModelCase(
        run, ModelLayout.of(run.model()), PrecisionTable.of(c.recipe().orElseThrow()));
  }

  ModelConfig model() {
    return run.model();
  }

  TrainConfig train() {
    return run.train();
  }

  /** Sequences of random tokens, each one document: the cost of a step does not depend on them. */
  Batch batch(int sequences, int length) {
    int rows = sequences * length;
    int[] ids = randomTokens(rows, model().vocabSize());
    int[] positions = new int[rows];
    int[] firstRow = new int[rows];
    for (int i = 0; i < rows; i++) {
      positions[i] = i % length;
      firstRow[i] = i - i % length;
    }
    return new Batch(ids, positions, firstRow);
  }

  static int[] randomTokens(int count, int vocabulary) {
    SplittableRandom random = new SplittableRandom(7);
    return random.ints(count, 0, vocabulary).toArray();
  }
}
