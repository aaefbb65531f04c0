package org.foretoken.model.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Enumeration;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.foretoken.fp8.InputException;

/** Reads the documents of a file, folder or zip. */
final class CorpusFiles {
  private static final long LARGEST_TEXT = 1_500_000_000L;

  private CorpusFiles() {}

  /** The sources that the running JDK brings with it. */
  static Path jdkSources() {
    Path src = Path.of(System.getProperty("java.home"), "lib", "src.zip");
    if (!Files.isRegularFile(src)) {
      throw new InputException(
          "data: '"
              + src
              + "': expected the JDK's own sources, found nothing;"
              + " install a JDK with src.zip or give text with --data");
    }
    return src;
  }

  static List<Document> documents(Path path, String include) throws IOException {
    if (Files.isDirectory(path)) {
      return fromFolder(path, include);
    }
    if (!Files.exists(path)) {
      throw new InputException(
          "data: '" + path + "': no such file or folder; give an existing one with --data");
    }
    if (isZip(path)) {
      return fromZip(path, include);
    }
    checkTotal(path, Files.size(path));
    List<Document> one = new ArrayList<>();
    one.add(new Document(path.getFileName().toString(), Files.readAllBytes(path)));
    return one;
  }

  private static boolean isZip(Path path) throws IOException {
    try (var in = Files.newInputStream(path)) {
      byte[] head = in.readNBytes(4);
      return head.length == 4 && head[0] == 'P' && head[1] == 'K' && head[2] == 3 && head[3] == 4;
    }
  }

  private static List<Document> fromFolder(Path folder, String include) throws IOException {
    List<Path> files;
    try (Stream<Path> walk = Files.walk(folder)) {
      files = walk.filter(Files::isRegularFile).sorted().toList();
    }
    List<Document> documents = new ArrayList<>();
    long total = 0;
    for (Path file : files) {
      String name = folder.relativize(file).toString().replace('\\', '/');
      if (name.startsWith(include) && !isHidden(name)) {
        total += Files.size(file);
        checkTotal(folder, total);
        documents.add(new Document(name, Files.readAllBytes(file)));
      }
    }
    return documents;
  }

  private static boolean isHidden(String name) {
    return name.startsWith(".") || name.contains("/.");
  }

  private static List<Document> fromZip(Path path, String include) throws IOException {
    List<Document> documents = new ArrayList<>();
    long total = 0;
    try (ZipFile zip = new ZipFile(path.toFile())) {
      for (Enumeration<? extends ZipEntry> e = zip.entries(); e.hasMoreElements(); ) {
        ZipEntry entry = e.nextElement();
        if (entry.isDirectory() || !entry.getName().startsWith(include)) {
          continue;
        }
        try (var in = zip.getInputStream(entry)) {
          // An entry's header may lie about its size: read no more than the limit allows.
          byte[] bytes = in.readNBytes((int) (LARGEST_TEXT - total + 1));
          total += bytes.length;
          checkTotal(path, total);
          documents.add(new Document(entry.getName(), bytes));
        }
      }
    }
    return documents;
  }

  private static void checkTotal(Path path, long bytes) {
    if (bytes > LARGEST_TEXT) {
      throw new InputException(
          "data: '"
              + path
              + "': expected at most "
              + LARGEST_TEXT
              + " bytes of text, found more; give a part of it with data.include");
    }
  }
}
