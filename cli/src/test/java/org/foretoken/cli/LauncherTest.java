package org.foretoken.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The script {@code foretoken} in a made-up checkout, with JDKs and a Maven that are scripts. */
@DisabledOnOs(OS.WINDOWS)
class LauncherTest {
  private static final List<String> TOOLS =
      List.of(
          "sh",
          "cat",
          "cp",
          "date",
          "dirname",
          "find",
          "head",
          "ln",
          "mkdir",
          "mv",
          "readlink",
          "rm",
          "sed",
          "sleep",
          "touch");

  private record Run(int exitCode, String out, String err) {
    String used() {
      return out.lines().findFirst().orElse("");
    }
  }

  @TempDir Path temp;
  private Path root;
  private Path tools;
  private Path jdks;
  private final Map<String, String> environment = new TreeMap<>();

  @BeforeEach
  void makeCheckout() throws IOException {
    root = Files.createDirectory(temp.resolve("a check out"));
    tools = Files.createDirectory(temp.resolve("tools"));
    jdks = Files.createDirectory(temp.resolve("jdks"));
    Files.copy(Path.of("..", "foretoken"), root.resolve("foretoken"));
    executable(root.resolve("foretoken"));
    Files.writeString(
        root.resolve("pom.xml"), "<properties>\n <jvm.flags>-Da=1 -Db=2</jvm.flags>\n");
    for (String module :
        List.of("fp8", "tornado-emulator", "tornado-kernels", "model", "cli", "bench")) {
      Path main = Files.createDirectories(root.resolve(module).resolve("src/main"));
      Files.writeString(main.resolve("Source.java"), "class Source {}");
      Files.writeString(root.resolve(module).resolve("pom.xml"), "<project/>");
    }
    for (String tool : TOOLS) {
      Path real = Path.of("/usr/bin", tool);
      Files.createSymbolicLink(
          tools.resolve(tool), Files.exists(real) ? real : Path.of("/bin", tool));
    }
    script(
        tools.resolve("mvn"),
        "echo \"$JAVA_HOME|$*\" >>mvn.log",
        "[ -f slow ] && sleep 1",
        "if [ -f broken ]; then echo 'Source.java:7: no such thing'; exit 1; fi",
        "unit=cli; case \"$*\" in *'-pl bench'*) unit=bench ;; esac",
        "mkdir -p $unit/target/dist/lib",
        "echo $unit >$unit/target/$unit-0.jar",
        "echo dep >$unit/target/dist/lib/dep.jar",
        "[ ! -f torch ] || echo native >$unit/target/dist/lib/pytorch-2-linux-x86_64.jar");
    for (String folder : List.of("configs/bench", "docs", "bench/gpu", "bench/results")) {
      Files.createDirectories(root.resolve(folder));
    }
    Files.writeString(root.resolve("README.md"), "read me");
    Files.writeString(root.resolve("bench/gpu/peer.py"), "peer");
    everythingIsOld();
    environment.put("PATH", tools.toString());
    environment.put("HOME", temp.toString());
    environment.put("FORETOKEN_JDK_PLACES", temp.resolve("nothing") + ":" + jdks);
  }

  private static void executable(Path file) {
    assertThat(file.toFile().setExecutable(true)).isTrue();
  }

  private static void script(Path file, String... lines) throws IOException {
    Files.writeString(file, "#!/bin/sh\n" + String.join("\n", lines) + "\n");
    executable(file);
  }

  private void everythingIsOld() throws IOException {
    FileTime old = FileTime.from(Instant.now().minusSeconds(3600));
    try (var files = Files.walk(root)) {
      for (Path file : files.toList()) {
        Files.setLastModifiedTime(file, old);
      }
    }
  }

  private Path jdk(String folder, String version) throws IOException {
    Path home = Files.createDirectories(jdks.resolve(folder));
    Path bin = Files.createDirectories(home.resolve("bin"));
    Files.writeString(
        home.resolve("release"), "IMPLEMENTOR=\"x\"\nJAVA_VERSION=\"" + version + "\"\n");
    script(
        bin.resolve("java"),
        "for a in \"$@\"; do case $a in -XX:ArchiveClassesAtExit=*)"
            + " echo archive >\"${a#*=}\"; exit 0;; esac; done",
        "echo \"" + folder + "\"",
        "for a in \"$@\"; do echo \"[$a]\"; done",
        "exit 7");
    script(bin.resolve("javac"), "exit 0");
    return home;
  }

  private Process start(Path launcher, Path directory, String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of(launcher.toString()));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile());
    builder.environment().clear();
    builder.environment().putAll(environment);
    return builder.start();
  }

  private static Run finish(Process process) throws IOException, InterruptedException {
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Run(process.waitFor(), out, err);
  }

  private Run run(String... arguments) throws IOException, InterruptedException {
    return finish(start(root.resolve("foretoken"), temp, arguments));
  }

  private List<String> builds() throws IOException {
    Path log = root.resolve("mvn.log");
    return Files.exists(log) ? Files.readAllLines(log) : List.of();
  }

  @Test
  void argumentsFlagsAndExitCodePassThrough() throws Exception {
    jdk("good", "25.0.3");
    environment.put("FORETOKEN_JAVA_OPTS", "-Xmx1g -Dc=3");
    Run run = run("train", "a b", "", "*");
    assertThat(run.exitCode()).as(run.err()).isEqualTo(7);
    assertThat(run.out())
        .contains(
            "[-Da=1]\n[-Db=2]\n", "[-Xmx1g]\n[-Dc=3]\n", "[-Dforetoken.home=" + root.toRealPath())
        .endsWith("[org.foretoken.cli.Main]\n[train]\n[a b]\n[]\n[*]\n");
    String classPath =
        run.out().lines().dropWhile(l -> !l.equals("[-cp]")).skip(1).findFirst().orElseThrow();
    assertThat(classPath).contains("/lib/cli-0.jar:").endsWith("/lib/dep.jar]");
  }

  @Test
  void javaHomeComesFirstThenThePathThenTheUsualPlaces() throws Exception {
    jdk("place", "25.0.4");
    assertThat(run().used()).isEqualTo("place");
    Path onPath = jdk("on-path", "25.0.3");
    Files.delete(onPath.resolve("release"));
    Files.writeString(onPath.resolve("release"), "JAVA_VERSION=\"25.0.3\"\n");
    Files.createSymbolicLink(tools.resolve("java"), onPath.resolve("bin/java"));
    assertThat(run().used()).isEqualTo("on-path");
    environment.put("JAVA_HOME", jdk("home", "26-ea").toString());
    assertThat(run().used()).isEqualTo("home");
    environment.put("JAVA_HOME", jdk("old home", "17.0.15").toString());
    assertThat(run().used()).isEqualTo("on-path");
  }

  @ParameterizedTest
  @CsvSource({
    "25.0.3, true", "25.0.10, true", "25.1, true", "26, true", "26-ea, true", "25.0.3+9, true",
    "25.0.2, false", "25, false", "24.0.9, false", "1.8.0_402, false", "9, false", "x, false"
  })
  void aJdkHasToBeNewEnough(String version, boolean good) throws Exception {
    jdk("only", version);
    Run run = run();
    assertThat(run.exitCode()).as(run.err()).isEqualTo(good ? 7 : 2);
  }

  @Test
  void withoutAJdkOneLineSaysWhatToInstall() throws Exception {
    jdk("eleven", "11.0.2");
    Path newest = jdk("twenty-five", "25.0.2");
    jdk("seventeen", "17.0.9");
    Run run = run("train");
    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.out()).isEmpty();
    assertThat(run.err().lines()).hasSize(1);
    assertThat(run.err())
        .startsWith("foretoken: no JDK 25.0.3 or later")
        .contains("newest found: 25.0.2 in " + newest)
        .contains("install Temurin 25");
    assertThat(builds()).isEmpty();
  }

  @Test
  void itBuildsWhenSourcesChangedAndOnlyThen() throws Exception {
    Path home = jdk("good", "25.0.3");
    Run first = run();
    assertThat(first.err()).startsWith("foretoken: building");
    assertThat(builds()).hasSize(1);
    assertThat(builds().getFirst())
        .startsWith(home + "|")
        .contains("-pl cli -am")
        .endsWith("package");
    Run second = run();
    assertThat(second.err()).isEmpty();
    assertThat(builds()).hasSize(1);
    Files.writeString(root.resolve("model/src/main/Source.java"), "class Source { int x; }");
    run();
    assertThat(builds()).as("a source was edited").hasSize(2);
    Files.delete(root.resolve("fp8/src/main/Source.java"));
    run();
    assertThat(builds()).as("a source was removed").hasSize(3);
    Files.createDirectories(root.resolve("cli/src/test"));
    Files.writeString(root.resolve("cli/src/test/Test.java"), "class Test {}");
    run();
    assertThat(builds()).as("a test was added").hasSize(3);
  }

  @Test
  void aBuildThatFailsIsShownAndTriedAgain() throws Exception {
    jdk("good", "25.0.3");
    Files.createFile(root.resolve("broken"));
    Run broken = run("train");
    assertThat(broken.exitCode()).isEqualTo(1);
    assertThat(broken.out()).isEmpty();
    assertThat(broken.err()).contains("Source.java:7: no such thing").contains("the build failed");
    Files.delete(root.resolve("broken"));
    assertThat(run().exitCode()).isEqualTo(7);
    assertThat(builds()).hasSize(2);
  }

  @Test
  void withoutMavenOneLineSaysSo() throws Exception {
    jdk("good", "25.0.3");
    Files.delete(tools.resolve("mvn"));
    Run run = run();
    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err().lines()).hasSize(1);
    assertThat(run.err()).contains("'mvn' is not on the PATH; install Maven 3.8.7 or later");
  }

  @Test
  void startedTwiceAtOnceItBuildsOnce() throws Exception {
    jdk("good", "25.0.3");
    Files.createFile(root.resolve("slow"));
    Process one = start(root.resolve("foretoken"), temp);
    Process two = start(root.resolve("foretoken"), temp);
    assertThat(finish(one).exitCode()).isEqualTo(7);
    assertThat(finish(two).exitCode()).isEqualTo(7);
    assertThat(builds()).hasSize(1);
  }

  @Test
  void theLockOfAProcessThatIsGoneDoesNotHold() throws Exception {
    jdk("good", "25.0.3");
    Process gone = start(root.resolve("foretoken"), temp);
    finish(gone);
    Files.writeString(root.resolve("cli/src/main/Source.java"), "class Source { int x; }");
    Path lock = root.resolve("target/launcher/lock");
    Files.createSymbolicLink(lock, Path.of(Long.toString(gone.pid())));
    assertThat(run().exitCode()).isEqualTo(7);
    assertThat(builds()).hasSize(2);
    assertThat(Files.exists(lock, java.nio.file.LinkOption.NOFOLLOW_LINKS)).isFalse();
  }

  @Test
  void benchRunsWithTheBenchmarksOnTheClassPath() throws Exception {
    jdk("good", "25.0.3");
    run();
    Run run = run("bench", "gemm-host");
    assertThat(builds()).hasSize(2);
    assertThat(builds().getLast()).contains("-pl bench -am");
    assertThat(run.out())
        .contains("/lib/bench-0.jar:")
        .endsWith("[org.foretoken.cli.Main]\n[bench]\n[gemm-host]\n");
    run("bench", "gemm-host");
    assertThat(run().out()).doesNotContain("bench-0.jar");
    assertThat(builds()).hasSize(2);
    Files.writeString(root.resolve("bench/src/main/Source.java"), "class Source { int x; }");
    run();
    assertThat(builds()).as("the other commands do without the benchmarks").hasSize(2);
    run("bench");
    assertThat(builds()).hasSize(3);
  }

  @Test
  void aBuiltDistributionNeedsNoMaven() throws Exception {
    jdk("good", "25.0.3");
    Path made = temp.resolve("made");
    assertThat(run("dist", made.toString()).exitCode()).isZero();
    assertThat(made.resolve("bench/gpu/peer.py")).exists();
    Files.delete(tools.resolve("mvn"));
    for (String command : List.of("bench", "train")) {
      Run run = finish(start(made.resolve("foretoken"), temp, command));
      assertThat(run.exitCode()).as(run.err()).isEqualTo(7);
      assertThat(run.out())
          .contains(made.toRealPath() + "/dist/lib/bench-0.jar:", "[-Da=1]\n")
          .contains("[-Dforetoken.home=" + made.toRealPath() + "]");
    }
    Run again = run("dist", made.toString());
    assertThat(again.exitCode()).isEqualTo(2);
    assertThat(again.err()).contains("exists already");
    assertThat(run("dist").exitCode()).isEqualTo(2);
  }

  @Test
  void aLeanDistributionHasNoLibTorchAndNeedsNoCompiler() throws Exception {
    Path jdk = jdk("good", "25.0.3");
    Files.createFile(root.resolve("torch"));
    assertThat(run("dist", temp.resolve("whole").toString()).exitCode()).isZero();
    assertThat(temp.resolve("whole/dist/lib")).isDirectoryContaining("glob:**pytorch*");
    Path lean = temp.resolve("lean");
    assertThat(run("dist", lean.toString(), "--lean").exitCode()).isZero();
    assertThat(lean.resolve("dist/lib")).isDirectoryNotContaining("glob:**pytorch*");
    assertThat(lean.resolve("dist/lib/dep.jar")).exists();
    Run wrong = run("dist", temp.resolve("other").toString(), "--nope");
    assertThat(wrong.exitCode()).isEqualTo(2);
    assertThat(wrong.err()).contains("expected nothing or --lean after the folder, found '--nope'");
    Files.delete(jdk.resolve("bin/javac"));
    assertThat(finish(start(lean.resolve("foretoken"), temp, "train")).exitCode()).isEqualTo(7);
    Run checkout = run();
    assertThat(checkout.exitCode()).as("which would have to compile").isEqualTo(2);
    assertThat(checkout.err()).contains("no JDK");
  }

  @Test
  void itWorksThroughALinkFromAnywhere() throws Exception {
    jdk("good", "25.0.3");
    Path link = Files.createSymbolicLink(temp.resolve("link"), Path.of("a check out/foretoken"));
    assertThat(finish(start(link, jdks)).used()).isEqualTo("good");
    assertThat(builds()).hasSize(1);
  }
}
