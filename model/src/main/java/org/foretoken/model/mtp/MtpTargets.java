package org.foretoken.model.mtp;

/**
 * What each row of a batch sees and predicts, per depth. Depth 0 is the main model.
 *
 * <p>A batch holds sequences of T tokens one after the other; each may be made of several
 * documents. For a document of n tokens the main model has n - 1 targets and depth k has n - 1 - k.
 * Rows without a target have {@link #NONE}, and no row's input or target crosses its document's
 * end.
 */
public final class MtpTargets {
  /** Target of a row that predicts nothing. */
  public static final int NONE = -1;

  private final int[] ids;
  private final int[] documentEnd;

  /**
   * Takes a batch.
   *
   * @param ids token ids of all rows
   * @param firstRow first row of each row's document, non-decreasing
   */
  public MtpTargets(int[] ids, int[] firstRow) {
    this.ids = ids.clone();
    documentEnd = new int[ids.length];
    int end = ids.length;
    for (int i = ids.length - 1; i >= 0; i--) {
      documentEnd[i] = end;
      if (firstRow[i] == i) {
        end = i;
      }
    }
  }

  /** t_{i+k} for each row i, the input of module k; token 0 where the document has ended. */
  public int[] shiftedIds(int depth) {
    return shifted(depth, 0);
  }

  /** t_{i+k+1} for each row i, the target of depth k; {@link #NONE} where there is none. */
  public int[] targets(int depth) {
    return shifted(depth + 1, NONE);
  }

  private int[] shifted(int by, int otherwise) {
    int[] result = new int[ids.length];
    for (int i = 0; i < ids.length; i++) {
      result[i] = i + by < documentEnd[i] ? ids[i + by] : otherwise;
    }
    return result;
  }

  /** Number of rows that have a target at a depth. */
  public int count(int depth) {
    int n = 0;
    for (int i = 0; i < ids.length; i++) {
      n += i + depth + 1 < documentEnd[i] ? 1 : 0;
    }
    return n;
  }
}
