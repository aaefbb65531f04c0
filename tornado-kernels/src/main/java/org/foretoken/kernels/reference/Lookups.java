package org.foretoken.kernels.reference;

/** Operations that choose rows by index. */
final class Lookups {
  private Lookups() {}

  /** y[i] = table[ids[i]]. */
  static void embedding(Operands x) {
    Matrix table = x.in(1);
    Matrix y = x.out(0);
    int[] ids = x.indices(0, table.rows());
    for (int i = 0; i < ids.length; i++) {
      for (int j = 0; j < table.columns(); j++) {
        y.set(i, j, table.at(ids[i], j));
      }
    }
  }

  /** dTable[ids[i]] += dy[i]. */
  static void embeddingGrad(Operands x) {
    Matrix dy = x.in(1);
    Matrix dTable = x.out(0);
    int[] ids = x.indices(0, dTable.rows());
    for (int i = 0; i < ids.length; i++) {
      for (int j = 0; j < dTable.columns(); j++) {
        dTable.add(ids[i], j, dy.at(i, j));
      }
    }
  }

  /** cache[slots[s]] = x[s]. */
  static void cacheAppend(Operands operands) {
    Matrix x = operands.in(0);
    Matrix cache = operands.out(0);
    int[] slots = operands.indices(1, cache.rows());
    for (int s = 0; s < slots.length; s++) {
      for (int j = 0; j < cache.columns(); j++) {
        cache.set(slots[s], j, x.at(s, j));
      }
    }
  }
}
