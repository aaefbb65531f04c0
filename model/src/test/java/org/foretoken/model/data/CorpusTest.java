package org.foretoken.model.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.foretoken.fp8.InputException;
import org.foretoken.model.config.DataConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CorpusTest {
  @TempDir Path folder;

  private Corpus read(Path path, String include) {
    return Corpus.read(new DataConfig(path.toString(), include, true, 0.2));
  }

  @Test
  void aFolderIsSplitByFileTheSameWayAsAZipOfIt() throws IOException {
    Path zip = folder.resolve("t.zip");
    Path dir = Files.createDirectory(folder.resolve("dir"));
    try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(zip))) {
      for (int i = 9; i >= 0; i--) {
        byte[] text = ("text of file " + i).getBytes(StandardCharsets.UTF_8);
        Files.write(dir.resolve("f" + i), text);
        out.putNextEntry(new ZipEntry("f" + i));
        out.write(text);
      }
    }
    Corpus a = read(dir, "");
    Corpus b = read(zip, "");
    assertThat(a.training().documents()).isEqualTo(8);
    assertThat(a.validation().documents()).isEqualTo(2);
    assertThat(a.training().length()).isEqualTo(8 * 15);
    for (int i = 0; i < a.validation().length(); i++) {
      assertThat(a.validation().token(i)).isEqualTo(b.validation().token(i));
    }
    assertThat(a.training().token(14)).isEqualTo(TokenStream.END_OF_DOCUMENT);
    assertThat(a.training().documentStart(14)).isZero();
    assertThat(a.training().documentStart(15)).isEqualTo(15);
    assertThat(a.training().documentStart(119)).isEqualTo(105);
  }

  @Test
  void aSingleFileHoldsOutItsEnd() throws IOException {
    Path file = Files.writeString(folder.resolve("one.txt"), "0123456789");
    Corpus corpus = read(file, "");
    assertThat(corpus.training().length()).isEqualTo(9);
    assertThat(corpus.validation().token(0)).isEqualTo('8');
  }

  @Test
  void theDefaultIsTheJdksOwnSource() {
    Corpus corpus = Corpus.read(new DataConfig("", "java.base/java/lang/", true, 0.1));
    assertThat(corpus.training().documents()).isGreaterThan(100);
    assertThat(corpus.description()).contains("java.base/java/lang/");
  }

  @Test
  void missingAndEmptyTextIsRefused() throws IOException {
    Path empty = Files.createDirectory(folder.resolve("empty"));
    Files.createFile(empty.resolve("nothing"));
    assertThatThrownBy(() -> read(folder.resolve("absent"), ""))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("no such file");
    assertThatThrownBy(() -> read(empty, ""))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("found none");
    Path broken = Files.write(folder.resolve("broken.zip"), new byte[] {'P', 'K', 3, 4, 0, 0});
    assertThatThrownBy(() -> read(broken, ""))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("cannot be read");
    assertThatThrownBy(() -> read(Files.writeString(folder.resolve("x"), "y"), ""))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("more text");
  }

  @Test
  void batchesAreAFunctionOfSeedAndStepAndStayInsideTheirDocuments() throws IOException {
    for (int i = 0; i < 6; i++) {
      Files.writeString(folder.resolve("d" + i), ("" + i).repeat(10 + i));
    }
    Corpus corpus = read(folder, "");
    Batches batches = new Batches("training", corpus.training(), 4, 25, true);
    Batch a = batches.training(3, 7, 1).getFirst();
    assertThat(a.ids()).isEqualTo(batches.training(3, 7, 1).getFirst().ids());
    assertThat(a.ids()).isNotEqualTo(batches.training(3, 8, 1).getFirst().ids());
    assertThat(a.ids()).isNotEqualTo(batches.training(4, 7, 1).getFirst().ids());
    for (int row = 0; row < a.rows(); row++) {
      assertThat(a.firstRow()[row]).isGreaterThanOrEqualTo(row / 25 * 25);
      assertThat(a.positions()[row]).isEqualTo(row - a.firstRow()[row]);
      int target = a.targets().targets(0)[row];
      if (target > 0 && a.ids()[row] != 0) {
        assertThat(target).isEqualTo(a.ids()[row]); // within a document all bytes are equal
      }
    }
    assertThatThrownBy(() -> new Batches("training", corpus.training(), 4, 500, true))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("train.sequence_length");
  }

  @Test
  void microBatchesDivideTheWindowsOfAStep() throws IOException {
    Files.writeString(folder.resolve("one"), "the quick brown fox jumps over it ".repeat(20));
    Corpus corpus = read(folder.resolve("one"), "");
    Batch whole =
        new Batches("training", corpus.training(), 6, 9, true).training(5, 2, 1).getFirst();
    List<Batch> parts = new Batches("training", corpus.training(), 2, 9, true).training(5, 2, 3);
    assertThat(parts).hasSize(3);
    int[] joined = parts.stream().flatMapToInt(b -> Arrays.stream(b.ids())).toArray();
    assertThat(joined).isEqualTo(whole.ids());
  }

  @Test
  void withoutTheMaskDocumentsRunIntoEachOther() throws IOException {
    for (int i = 0; i < 6; i++) {
      Files.writeString(folder.resolve("d" + i), ("" + i).repeat(10 + i));
    }
    TokenStream stream = read(folder, "").training();
    Batch masked = new Batches("training", stream, 4, 25, true).training(3, 7, 1).getFirst();
    Batch open = new Batches("training", stream, 4, 25, false).training(3, 7, 1).getFirst();
    assertThat(open.ids()).isEqualTo(masked.ids());
    assertThat(open.targets().count(0)).isEqualTo(4 * 24);
    assertThat(masked.targets().count(0)).isLessThan(4 * 24);
    for (int row = 0; row < open.rows(); row++) {
      assertThat(open.firstRow()[row]).isEqualTo(row / 25 * 25);
      assertThat(open.positions()[row]).isEqualTo(row % 25);
    }
  }
}
