package org.foretoken.cli.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;

class TextTest {
  @Test
  void tokensAreTheBytesOfTheText() {
    String text = "naïve 数 😀\n";
    int[] tokens = TokenText.tokens(text);
    assertThat(TokenText.text(Arrays.stream(tokens).boxed().toList())).isEqualTo(text);
    assertThat(TokenText.text(List.of(0xC3, 0x61, 999))).isEqualTo("\uFFFDa\uFFFD");
  }

  @Test
  void nothingThatAModelWritesReachesTheTerminalAsACommand() {
    assertThat(TokenText.printable("a\tb\n\u001b[2J\u0007\u009b é"))
        .isEqualTo("a\tb\n\uFFFD[2J\uFFFD\uFFFD é");
  }

  @Test
  void theBytesOfACharacterStayTogether() {
    List<Integer> tokens = Arrays.stream(TokenText.tokens("aé数")).boxed().toList();
    assertThat(TokenText.characterStarts(tokens))
        .containsExactly(true, true, false, true, false, false);
  }

  @Test
  void numbersLookTheSameInEveryLocale() {
    Locale before = Locale.getDefault();
    Locale.setDefault(Locale.GERMANY);
    try {
      assertThat(Numbers.count(614_400)).isEqualTo("614,400");
      assertThat(Numbers.rounded(3_940_000)).isEqualTo("3.94 M");
      assertThat(Numbers.rounded(43_210)).isEqualTo("43.2 k");
      assertThat(Numbers.rounded(4_321.4)).isEqualTo("4,321");
      assertThat(Numbers.rounded(0)).isEqualTo("0");
      assertThat(Numbers.rounded(1.5)).isEqualTo("1.50");
      assertThat(Numbers.bytes(512)).isEqualTo("512 B");
      assertThat(Numbers.bytes(190L << 20)).isEqualTo("190 MiB");
      assertThat(Numbers.bytes(3L << 29)).isEqualTo("1.50 GiB");
      assertThat(Numbers.percent(0.7123)).isEqualTo("71.2 %");
      assertThat(Numbers.scientific(2e-4)).isEqualTo("2.0e-4");
      assertThat(Numbers.scientific(0)).isEqualTo("0");
      assertThat(Numbers.duration(125.4)).isEqualTo("2:05");
      assertThat(Numbers.duration(3725)).isEqualTo("1:02:05");
      assertThat(Numbers.list(List.of(1.0, 2.5), 2)).isEqualTo("1.00 2.50");
    } finally {
      Locale.setDefault(before);
    }
  }
}
