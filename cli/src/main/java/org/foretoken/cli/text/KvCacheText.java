package org.foretoken.cli.text;

import org.foretoken.model.memory.KvCache;

/** What a cache keeps of a token, beside other attentions, in a line. */
public final class KvCacheText {
  private KvCacheText() {}

  /**
   * {@code 960 B a token (3 blocks of 80 values in F32); MHA with its 4 heads 3.00 KiB, GQA with 1
   * key head 768 B}.
   *
   * @param bytes bytes of a value
   * @param type their type
   */
  public static String line(KvCache cache, int bytes, String type) {
    return Numbers.bytes(cache.bytes(bytes))
        + " a token ("
        + counted(cache.blocks(), "block")
        + " of "
        + Numbers.count(cache.kept())
        + " values in "
        + type
        + "); MHA with "
        + counted(cache.heads(), "head")
        + " "
        + Numbers.bytes(cache.multiHeadBytes(bytes))
        + ", GQA with "
        + counted(cache.groupedHeads(), "key head")
        + " "
        + Numbers.bytes(cache.groupedQueryBytes(bytes))
        + ", as much as GQA with "
        + Numbers.fixed(cache.equivalentHeads(), 2);
  }

  private static String counted(long n, String what) {
    return Numbers.count(n) + " " + what + (n == 1 ? "" : "s");
  }
}
