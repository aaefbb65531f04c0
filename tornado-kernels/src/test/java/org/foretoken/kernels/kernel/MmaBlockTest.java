package org.foretoken.kernels.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import uk.ac.manchester.tornado.api.types.FP8;

/** FP16 numbers that stand for E4M3 codes, tiles of work groups, and banks of local memory. */
class MmaBlockTest {
  @Test
  void everyCodeKeepsItsValueButForTheScale() {
    for (int code = 0; code < 256; code++) {
      int halves = MmaBlock.halves(code << 8 | (255 - code) << 24);
      assertThat(Float.float16ToFloat((short) halves) * 256f)
          .isEqualTo((Float) FP8.e4m3ToFloat((byte) code));
      assertThat(Float.float16ToFloat((short) (halves >> 16)) * 256f)
          .isEqualTo((Float) FP8.e4m3ToFloat((byte) (255 - code)));
      assertThat(MmaBlock.halves(code << 8 | (255 - code) << 24 | 0xFF00FF)).isEqualTo(halves);
    }
    assertThat(256f * 256f).isEqualTo(MmaBlock.HALVES_SCALE);
  }

  @ParameterizedTest
  @CsvSource({"1, 1", "1, 40", "40, 1", "16, 3", "17, 5", "32, 192", "33, 7", "56, 9"})
  void everyTileIsComputedOnce(int rows, int columns) {
    Set<Integer> tiles = new HashSet<>();
    for (int group = 0; group < rows * columns; group++) {
      int row = MmaBlock.tileRow(group, rows, columns);
      int column = MmaBlock.tileColumn(group, rows, columns);
      assertThat(row).isBetween(0, rows - 1);
      assertThat(column).isBetween(0, columns - 1);
      tiles.add(row * columns + column);
    }
    assertThat(tiles).hasSize(rows * columns);
  }

  @Test
  void workGroupsThatRunTogetherShareRowsAndColumns() {
    // 132 multiprocessors, 4096 x 24576: 16 rows and 9 columns of tiles instead of 1 and 132.
    Set<Integer> rows = new HashSet<>();
    Set<Integer> columns = new HashSet<>();
    for (int group = 0; group < 132; group++) {
      rows.add(MmaBlock.tileRow(group, 32, 192));
      columns.add(MmaBlock.tileColumn(group, 32, 192));
    }
    assertThat(rows).hasSize(16);
    assertThat(columns).hasSize(9);
  }

  @Test
  void noTwoUnitsOfATileShareAPlace() {
    Set<Integer> words = new HashSet<>();
    for (int row = 0; row < MmaBlock.ROWS; row++) {
      for (int unit = 0; unit < 4; unit++) {
        words.add(MmaBlock.aWord(row, unit));
      }
    }
    assertThat(words).hasSize(MmaBlock.ROWS * 4).allMatch(w -> w % 4 == 0 && w < MmaBlock.INTS);
    words.clear();
    for (int row = 0; row < MmaBlock.DEPTH; row++) {
      for (int unit = 0; unit < 16; unit++) {
        words.add(MmaBlock.bWord(row, unit));
      }
    }
    assertThat(words).hasSize(MmaBlock.DEPTH * 16).allMatch(w -> w % 4 == 0 && w < MmaBlock.INTS);
  }

  @Test
  void eightRowsOfAFragmentLieInEightBanks() {
    for (int row = 0; row < MmaBlock.ROWS; row += 8) {
      for (int unit = 0; unit < 4; unit++) {
        List<Integer> banks = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
          banks.add(MmaBlock.aWord(row + i, unit) / 4 % 8);
        }
        assertThat(banks).doesNotHaveDuplicates();
      }
    }
    for (int row = 0; row < MmaBlock.DEPTH; row += 8) {
      for (int unit = 0; unit < 16; unit++) {
        List<Integer> banks = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
          banks.add(MmaBlock.bWord(row + i, unit) / 4 % 8);
        }
        assertThat(banks).doesNotHaveDuplicates();
      }
    }
  }

  @Test
  void rowsFourApartLieInDifferentBanks() {
    for (int row = 0; row < 4; row++) {
      List<Integer> a = new ArrayList<>();
      List<Integer> b = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        a.add(MmaBlock.aWord(row + 4 * i, 1) / 4 % 8);
        b.add(MmaBlock.bWord(row + 4 * i, 5) / 4 % 8);
      }
      assertThat(a).doesNotHaveDuplicates();
      assertThat(b).doesNotHaveDuplicates();
    }
  }
}
