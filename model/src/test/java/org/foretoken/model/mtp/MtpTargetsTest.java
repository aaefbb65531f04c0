package org.foretoken.model.mtp;

import static org.assertj.core.api.Assertions.assertThat;

import org.foretoken.model.TestModels;
import org.foretoken.model.data.Batch;
import org.junit.jupiter.api.Test;

class MtpTargetsTest {
  @Test
  void aSequenceOfTTokensHasTMinus1MinusKTargetsAtDepthK() {
    MtpTargets targets = TestModels.batch(50, 1, 20).targets();
    assertThat(targets.count(0)).isEqualTo(19);
    assertThat(targets.count(1)).isEqualTo(18);
    assertThat(targets.count(3)).isEqualTo(16);
    assertThat(targets.count(19)).isZero();
    assertThat(targets.count(40)).isZero();
  }

  @Test
  void depthKSeesTokenIPlusKAndPredictsTokenIPlusKPlus1() {
    Batch batch = TestModels.batch(50, 2, 9);
    for (int k = 0; k < 4; k++) {
      int[] shifted = batch.targets().shiftedIds(k);
      int[] target = batch.targets().targets(k);
      for (int i = 0; i < 9; i++) {
        assertThat(shifted[i]).isEqualTo(i + k < 9 ? batch.ids()[i + k] : 0);
        assertThat(target[i]).isEqualTo(i + k + 1 < 9 ? batch.ids()[i + k + 1] : MtpTargets.NONE);
      }
    }
  }

  @Test
  void nothingCrossesTheEndOfADocument() {
    Batch batch = TestModels.batch(50, 3, 5, 1, 7);
    MtpTargets targets = batch.targets();
    assertThat(targets.count(0)).isEqualTo(4 + 0 + 6);
    assertThat(targets.count(2)).isEqualTo(2 + 0 + 4);
    assertThat(targets.targets(0)[4]).isEqualTo(MtpTargets.NONE);
    assertThat(targets.targets(0)[5]).isEqualTo(MtpTargets.NONE);
    assertThat(targets.targets(1)[3]).isEqualTo(MtpTargets.NONE);
    assertThat(targets.targets(1)[2]).isEqualTo(batch.ids()[4]);
    assertThat(targets.targets(0)[6]).isEqualTo(batch.ids()[7]);
  }
}
