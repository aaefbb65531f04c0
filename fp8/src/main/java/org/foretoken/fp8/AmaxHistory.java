package org.foretoken.fp8;

/**
 * The amax of a tensor in its last steps, for delayed scaling. One instance belongs to one tensor
 * of one run and is not safe for use from several threads.
 */
public final class AmaxHistory {
  private final Scaling.Delayed scaling;
  private final float[] history;
  private int size;
  private int next;

  /** An empty history. */
  public AmaxHistory(Scaling.Delayed scaling) {
    this.scaling = scaling;
    this.history = new float[scaling.historyLength()];
  }

  /** The scale for the coming step, from the steps recorded so far. */
  public float scale(QuantizationRecipe recipe) {
    float amax = 0;
    for (int i = 0; i < size; i++) {
      amax = Math.max(amax, history[i]);
    }
    if (amax == 0) {
      return 1f;
    }
    float scale = recipe.scaleRule().scale(amax, recipe.element());
    return Math.min(Math.scalb(scale, scaling.margin()), Float.MAX_VALUE);
  }

  /** Records the amax of a step, and forgets the oldest one if there is no room. */
  public void record(float amax) {
    history[next] = amax;
    next = (next + 1) % history.length;
    size = Math.min(size + 1, history.length);
  }
}
