package org.foretoken.cli.report;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.xml.parsers.DocumentBuilderFactory;
import org.foretoken.cli.metrics.MemoryBill;
import org.foretoken.cli.metrics.MetricsLine;
import org.foretoken.cli.metrics.RunHistory;
import org.foretoken.cli.text.TokenText;
import org.foretoken.model.memory.KvCache;
import org.foretoken.model.train.RoutingMetrics;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.xml.sax.InputSource;

class HtmlReportTest {
  private static final String HOSTILE = "<script>alert(1)</script>&\"'\u0000é";

  private static RunHistory history(int depths, int steps, boolean ended) {
    ObjectNode config = new ObjectMapper().createObjectNode();
    config.put("name", "<b>run");
    config.putObject("train").put("sequence_length", 20).put("recipe", "deepseek");
    MemoryBill.Component part = new MemoryBill.Component("norms", 10, 40, 40, 40);
    KvCache cache = new KvCache(3, 80, 256, 64, 4, 1, true);
    MemoryBill bill = new MemoryBill(1000, 900, "BF16", List.of(part), 7, 2048, 4096, 5000, cache);
    List<Integer> targets = new ArrayList<>();
    for (int k = 0; k <= depths; k++) {
      targets.add(19 - k);
    }
    List<Double> losses = java.util.Collections.nCopies(depths, 2.0);
    List<Double> shares = java.util.Collections.nCopies(depths + 1, 0.5);
    List<MetricsLine.Step> made = new ArrayList<>();
    for (int i = 1; i <= steps; i++) {
      made.add(new MetricsLine.Step(i, i, 5.0 / i, losses, shares, 1e-3, 0.3, 1, 100, i));
    }
    List<MetricsLine.Routing> routing = new ArrayList<>();
    for (int i = 1; depths > 0 && i <= steps; i += 7) {
      routing.add(
          new MetricsLine.Routing(
              i, List.of(RoutingMetrics.Layer.of(0, new float[] {i, 5, 0, 3}))));
    }
    List<Integer> tokens = java.util.Arrays.stream(TokenText.tokens(HOSTILE)).boxed().toList();
    List<Integer> proposedBy = new ArrayList<>();
    for (int i = 0; i < tokens.size(); i++) {
      proposedBy.add(i % (depths + 1));
    }
    return new RunHistory(
        new MetricsLine.Start(
            "2026-01-02T03:04:05Z",
            "1",
            "abc",
            "25",
            "host",
            "CPU & co",
            "<data>",
            0,
            steps,
            40,
            targets,
            config,
            bill),
        made,
        routing,
        steps == 0 ? List.of() : List.of(new MetricsLine.Eval(steps, 1.5, losses, shares, 2.16)),
        List.of(
            new MetricsLine.Sample(steps, List.of((int) '>'), tokens, proposedBy, 0.8, HOSTILE)),
        ended
            ? Optional.of(
                new MetricsLine.Decoding(
                    steps,
                    4,
                    512,
                    java.util.Collections.nCopies(depths, 0.71),
                    1.71,
                    400,
                    600,
                    true))
            : Optional.empty(),
        ended
            ? Optional.of(new MetricsLine.End("t", steps, 99, 123, 60, 1L << 28, "checkpoints/x"))
            : Optional.empty());
  }

  private static List<Document> drawings(String html) throws Exception {
    List<Document> drawings = new ArrayList<>();
    Matcher svg = Pattern.compile("<svg .*?</svg>", Pattern.DOTALL).matcher(html);
    while (svg.find()) {
      drawings.add(
          DocumentBuilderFactory.newInstance()
              .newDocumentBuilder()
              .parse(new InputSource(new StringReader(svg.group()))));
    }
    return drawings;
  }

  @Test
  void thePageNeedsNothingButItself() {
    String html = HtmlReport.html(history(2, 50, true));
    assertThat(html).startsWith("<!doctype html>").endsWith("</html>\n");
    assertThat(html)
        .doesNotContain("http:", "https:", "<link", "<script", "src=", "url(", "@import");
    assertThat(html).contains("prefers-color-scheme: dark");
  }

  @Test
  void loadsOfExpertsAreDrawn() throws Exception {
    String html = HtmlReport.html(history(1, 50, true));
    assertThat(html).contains("<h2>Experts</h2>", "MaxVio", "load of 4 experts");
    // 8 of 50 steps, 4 experts; the last load is 50, 5, 0, 3: 50 / 14.5 - 1.
    assertThat(html.split("class=\"heat\"", -1)).hasSize(8 * 4 + 1);
    assertThat(html).contains("MaxVio 2.45");
    assertThat(HtmlReport.html(history(0, 50, true))).doesNotContain("<h2>Experts</h2>");
  }

  @Test
  void foreignTextIsEscaped() {
    String html = HtmlReport.html(history(2, 50, true));
    assertThat(html).doesNotContain("<script>", "<b>run", "<data>", "\u0000");
    assertThat(html).contains("&lt;b&gt;run", "&lt;data&gt;", "CPU &amp; co");
  }

  @Test
  void curvesOfEveryDepthAreDrawnInsideTheirFrames() throws Exception {
    List<Document> drawings = drawings(HtmlReport.html(history(3, 2000, true)));
    assertThat(drawings).as("four curves, and the experts' MaxVio and map").hasSize(6);
    // four depths: raw, smoothed, held out
    assertThat(drawings.getFirst().getElementsByTagName("polyline").getLength()).isEqualTo(12);
    for (Document drawing : drawings) {
      String[] box = drawing.getDocumentElement().getAttribute("viewBox").split(" ");
      var lines = drawing.getElementsByTagName("polyline");
      for (int i = 0; i < lines.getLength(); i++) {
        String points = lines.item(i).getAttributes().getNamedItem("points").getNodeValue();
        assertThat(points.strip().split(" ")).hasSizeLessThanOrEqualTo(700);
        for (String point : points.strip().split(" ")) {
          String[] xy = point.split(",");
          assertThat(Double.parseDouble(xy[0])).isBetween(0.0, Double.parseDouble(box[2]));
          assertThat(Double.parseDouble(xy[1])).isBetween(0.0, Double.parseDouble(box[3]));
        }
      }
    }
  }

  @Test
  void acceptedDraftsAreMarkedByDepthAndCharactersStayWhole() {
    String html = HtmlReport.html(history(2, 50, true));
    assertThat(html).contains("<mark class=\"d1\">", "<mark class=\"d2\">").contains("é");
    String sample = html.substring(html.indexOf("<pre>"), html.indexOf("</pre>"));
    assertThat(sample.replaceAll("<[^>]*>", ""))
        .isEqualTo("&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;&quot;&#39;\uFFFDé");
  }

  @Test
  void theSignalTableCountsTargetsByDepth() {
    String html = HtmlReport.html(history(3, 50, true));
    assertThat(html).contains("has 70 targets, 3.50 a position");
    assertThat(html).contains("token i + 4</td><td>16</td><td>0.100</td>");
  }

  @Test
  void aRunThatWasCutShortOrHasNoModulesHasAReportToo() {
    assertThat(HtmlReport.html(history(1, 7, false))).contains("did not come to its end");
    assertThat(HtmlReport.html(history(0, 7, true)))
        .contains("no MTP module")
        .doesNotContain("NaN");
    assertThat(HtmlReport.html(history(1, 0, false)))
        .contains("0 of 0")
        .doesNotContain("NaN", "Infinity");
  }

  @Test
  void severalRunsShareOnePage() throws Exception {
    String html =
        ComparisonReport.html(
            List.of(
                new ComparisonReport.Entry("runs/<a>", history(1, 500, true)),
                new ComparisonReport.Entry("runs/b", history(2, 20, false))));
    assertThat(html).contains("runs/&lt;a&gt;", "runs/b", "20 (not ended)", "71.0 %");
    assertThat(html).doesNotContain("http:", "https:", "<script", "NaN", "<a>");
    List<Document> drawings = drawings(html);
    assertThat(drawings).hasSize(3);
    for (Document drawing : drawings) {
      assertThat(drawing.getElementsByTagName("polyline").getLength()).isEqualTo(2);
    }
  }
}
