package org.foretoken.model.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.foretoken.model.TestModels;
import org.foretoken.model.config.AttentionConfig;
import org.foretoken.model.config.ModelConfig;
import org.junit.jupiter.api.Test;

class KvCacheTest {
  private static KvCache of(AttentionConfig attention, int depth) {
    ModelConfig model = TestModels.withAttention(TestModels.small(depth, true), attention);
    return KvCache.of(model);
  }

  /** DeepSeek-V2, arXiv 2405.04434, section 2.1.4: as much as GQA with 2.25 groups. */
  @Test
  void deepSeeksLatentKeepsAsMuchAsTwoAndAQuarterKeyHeads() {
    KvCache cache = of(new AttentionConfig.Latent(128, 1536, 512, 128, 64, 128), 1);
    assertThat(cache.blocks()).isEqualTo(2 + 1);
    assertThat(cache.kept()).isEqualTo(576);
    assertThat(cache.multiHead()).isEqualTo(2 * 128 * 128);
    assertThat(cache.groupedHeads()).isEqualTo(16);
    assertThat(cache.groupedQuery()).isEqualTo(2 * 16 * 128);
    assertThat(cache.equivalentHeads()).isCloseTo(2.25, within(1e-12));
    assertThat(cache.bytes(2)).isEqualTo(3 * 576 * 2);
    assertThat(cache.multiHeadBytes(4)).isEqualTo(3 * 2 * 128 * 128 * 4);
  }

  @Test
  void headsThatShareKeysKeepFewer() {
    KvCache cache = of(new AttentionConfig.GroupedQuery(4, 2, 6), 0);
    assertThat(cache.kept()).isEqualTo(2 * 2 * 6);
    assertThat(cache.multiHead()).isEqualTo(2 * 4 * 6);
    assertThat(cache.groupedHeads()).as("at least one").isEqualTo(1);
    assertThat(cache.equivalentHeads()).isEqualTo(2);
    assertThat(cache.latent()).isFalse();
  }
}
