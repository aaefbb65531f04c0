package org.foretoken.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Properties;
import picocli.CommandLine.IVersionProvider;

/** Version, commit and JDK of the running program. */
public final class BuildInfo {
  private BuildInfo() {}

  /** Says so for {@code --version}. */
  static final class Provider implements IVersionProvider {
    @Override
    public String[] getVersion() {
      return new String[] {oneLine()};
    }
  }

  /** For example {@code foretoken 0.1.0 (commit 1a2b3c4d5e6f, JDK 25.0.3+9-LTS)}. */
  static String oneLine() {
    String commit = commit().map(c -> "commit " + c + ", ").orElse("");
    return "foretoken " + version() + " (" + commit + "JDK " + Runtime.version() + ")";
  }

  /** The project's version, from the build. */
  static String version() {
    Properties properties = new Properties();
    try (InputStream in = BuildInfo.class.getResourceAsStream("build.properties")) {
      if (in != null) {
        properties.load(in);
      }
    } catch (IOException e) {
      return "of unknown version";
    }
    return properties.getProperty("version", "of unknown version");
  }

  /** First twelve digits of the commit that is checked out where the launcher lies, if known. */
  public static Optional<String> commit() {
    String home = System.getProperty("foretoken.home");
    if (home == null) {
      return Optional.empty();
    }
    try {
      return head(Path.of(home)).filter(c -> c.length() >= 12).map(c -> c.substring(0, 12));
    } catch (IOException e) {
      return Optional.empty(); // not a git checkout, or one laid out in a way unknown here
    }
  }

  private static Optional<String> head(Path home) throws IOException {
    Path noted = home.resolve("COMMIT"); // of a built distribution
    if (Files.isRegularFile(noted)) {
      return Optional.of(Files.readString(noted).strip());
    }
    Path git = home.resolve(".git");
    if (Files.isRegularFile(git)) { // a linked work tree
      git = home.resolve(Files.readString(git).strip().replaceFirst("^gitdir: *", ""));
    }
    if (!Files.isRegularFile(git.resolve("HEAD"))) {
      return Optional.empty();
    }
    String head = Files.readString(git.resolve("HEAD")).strip();
    if (!head.startsWith("ref: ")) {
      return Optional.of(head);
    }
    String ref = head.substring("ref: ".length());
    Path common = git;
    if (Files.isRegularFile(git.resolve("commondir"))) {
      common = git.resolve(Files.readString(git.resolve("commondir")).strip()).normalize();
    }
    if (Files.isRegularFile(common.resolve(ref))) {
      return Optional.of(Files.readString(common.resolve(ref)).strip());
    }
    Path packed = common.resolve("packed-refs");
    if (!Files.isRegularFile(packed)) {
      return Optional.empty();
    }
    return Files.readAllLines(packed).stream()
        .filter(l -> l.endsWith(" " + ref))
        .map(l -> l.substring(0, l.indexOf(' ')))
        .findFirst();
  }
}
