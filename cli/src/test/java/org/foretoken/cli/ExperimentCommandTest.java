package org.foretoken.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.xml.parsers.DocumentBuilderFactory;
import org.foretoken.cli.experiment.ExperimentFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xml.sax.InputSource;

class ExperimentCommandTest {
  @TempDir Path folder;

  @Test
  void everyExperimentHasAFileWhoseTwoSizesAreValid() throws Exception {
    for (String name : ExperimentFile.names()) {
      ExperimentFile full = ExperimentFile.load(name, false);
      ExperimentFile quick = ExperimentFile.load(name, true);
      assertThat(full.name()).isEqualTo(name);
      assertThat(quick.minutes()).as(name).isLessThan(2);
      assertThat(quick.experiment().arms()).as(name).hasSizeGreaterThan(1);
      assertThat(full.seeds()).as(name).isGreaterThanOrEqualTo(2);
      assertThat(Path.of("..", full.page())).as(name).exists();
    }
    try (var files = Files.list(Path.of("..", "configs", "experiments"))) {
      assertThat(files).hasSize(ExperimentFile.names().size());
    }
  }

  @Test
  void theListNamesThemAll() {
    Program list = Program.run("experiment", "--list", "--json");
    assertThat(list.exitCode()).isZero();
    List<String> names = new ArrayList<>();
    list.json().forEach(node -> names.add(node.path("name").asText()));
    assertThat(names).isEqualTo(ExperimentFile.names()).contains("loss-parity", "accumulation");
    assertThat(Program.run("experiment", "--list").out()).contains("loss-parity");
  }

  @Test
  void badInputIsRefusedInALine() {
    Program unknown = Program.run("experiment", "acumulation");
    assertThat(unknown.exitCode()).isEqualTo(2);
    assertThat(unknown.err()).contains("did you mean 'accumulation'?");
    Program one = Program.run("experiment", "online", "--seeds", "1");
    assertThat(one.exitCode()).isEqualTo(2);
    assertThat(one.err()).contains("--seeds: expected 2", "interval", "found 1");
    assertThat(Program.run("experiment").err()).contains("expected a name");
    assertThat(Program.run("experiment", "online", "--list").exitCode()).isEqualTo(2);
  }

  @Test
  void aRunWritesResultsAndAPageAndASecondOneAddsSeedsOnly() throws Exception {
    String[] args = {
      "experiment", "online", "--quick", "--seeds", "2", "--out", folder.toString(), "--json"
    };
    Program first = Program.run(args);
    assertThat(first.err()).contains("online: up to 10 runs, about");
    assertThat(first.exitCode()).isZero();
    JsonNode json = first.json();
    assertThat(json.path("verdict").asText()).isEqualTo("holds");
    assertThat(json.path("controls_failed").asBoolean()).isTrue();
    assertThat(json.path("error_at_spike").path("delayed, margin 0").asDouble()).isGreaterThan(0.9);
    Path results = folder.resolve("results.jsonl");
    List<String> lines = Files.readAllLines(results);
    assertThat(lines).hasSize(1 + 10);
    args[4] = "3";
    assertThat(Program.run(args).err()).contains("10 are in");
    assertThat(Files.readAllLines(results))
        .hasSize(1 + 15)
        .startsWith(lines.toArray(String[]::new));

    String html = Files.readString(folder.resolve("report.html"));
    assertThat(html)
        .startsWith("<!doctype html>")
        .contains("arXiv 2412.19437", "failed, as it had to", "--seeds 3", ">holds<")
        .doesNotContain("http:", "https:", "<script", "src=", "NaN", "Infinity");
    assertThat(drawings(html)).isEqualTo(1);
    String svg = Files.readString(folder.resolve("figure-1.svg"));
    assertThat(drawings(svg)).isEqualTo(1);
    assertThat(svg).contains("polyline", "online 1x128").hasSizeLessThan(100_000);
  }

  private static int drawings(String html) throws Exception {
    Matcher svg = Pattern.compile("<svg .*?</svg>\n(</svg>)?", Pattern.DOTALL).matcher(html);
    int count = 0;
    while (svg.find()) {
      DocumentBuilderFactory.newInstance()
          .newDocumentBuilder()
          .parse(new InputSource(new StringReader(svg.group())));
      count++;
    }
    return count;
  }
}
