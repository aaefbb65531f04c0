package org.foretoken.kernels.host;

import java.util.Arrays;

/**
 * Cosines and sines of rotary position embedding by position, computed in double; shared by all
 * layers of a backend.
 *
 * <p>A position has {@code 2 * rotaryDim} floats: {c0, c0, c1, c1, ..} and {-s0, s0, -s1, s1, ..}.
 */
final class HostRopeTable {
  private final int rotaryDim;
  private final double theta;
  private float[] table = {};
  private int positions;

  HostRopeTable(int rotaryDim, double theta) {
    this.rotaryDim = rotaryDim;
    this.theta = theta;
  }

  /** The table with positions up to {@code last} in it. */
  synchronized float[] upTo(int last) {
    if (last >= positions) {
      grow(Math.max(last + 1, Math.min(2 * positions, last + 4096)));
    }
    return table;
  }

  private void grow(int count) {
    float[] t = Arrays.copyOf(table, Math.multiplyExact(count, 2 * rotaryDim));
    for (int j = 0; j < rotaryDim; j += 2) {
      double frequency = Math.pow(theta, -(double) j / rotaryDim);
      for (int p = positions; p < count; p++) {
        float cos = (float) Math.cos(p * frequency);
        float sin = (float) Math.sin(p * frequency);
        int at = p * 2 * rotaryDim + j;
        t[at] = cos;
        t[at + 1] = cos;
        t[at + rotaryDim] = -sin;
        t[at + rotaryDim + 1] = sin;
      }
    }
    table = t;
    positions = count;
  }
}
