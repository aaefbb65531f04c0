package org.foretoken.kernels.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.foretoken.kernels.op.Add;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/** The two ways to look at a graph: the trace and the picture. */
class GraphPictureTest {
  private static Graph graph() {
    Graph graph = new Graph("a \"quoted\" <name> & more\\");
    Tensor x = graph.declare("x", DType.F32, Role.INPUT, 1000);
    Tensor a = graph.transientTensor("a", DType.F32, 1000);
    Tensor b = graph.transientTensor("b<", DType.F32, 1000);
    graph.add("first\n", new Add(), List.of(x, x), List.of(a));
    graph.add("second", new Add(), List.of(a, x), List.of(b));
    graph.add(
        "third",
        new Add(),
        List.of(b, a),
        List.of(graph.declare("y", DType.F32, Role.OUTPUT, 1000)));
    return graph;
  }

  @Test
  void traceHoldsEveryNodeWithItsTime() throws IOException {
    StringBuilder json = new StringBuilder();
    GraphTrace.write(graph(), new long[] {1500, 20, 3_000_000_001L}, "host", json);
    JsonNode events = new ObjectMapper().readTree(json.toString()).get("traceEvents");
    assertThat(events).hasSize(4);
    assertThat(events.get(0).at("/args/name").asText())
        .isEqualTo("host: a \"quoted\" <name> & more\\");
    assertThat(events.get(1).get("name").asText()).isEqualTo("Add");
    assertThat(events.get(1).at("/args/label").asText()).isEqualTo("first\n");
    assertThat(events.get(2).at("/args/reads/0").asText()).isEqualTo("a F32[1000]");
    assertThat(events.get(2).get("ts").asDouble()).isEqualTo(1.5);
    assertThat(events.get(3).get("ts").asDouble()).isEqualTo(1.52);
    assertThat(events.get(3).get("dur").asDouble()).isEqualTo(3_000_000.001);
    assertThatThrownBy(() -> GraphTrace.write(graph(), new long[2], "host", new StringBuilder()))
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("expected times of 3 nodes, found 2");
  }

  @Test
  void pictureIsWellFormedAndHasABoxForEveryNodeAndTransient() throws Exception {
    for (Graph graph : List.of(graph(), RandomGraphs.of(3, 200), new Graph("empty"))) {
      MemoryPlan plan = MemoryPlan.of(graph);
      String svg = GraphPicture.svg(graph, plan);
      Document document =
          DocumentBuilderFactory.newInstance()
              .newDocumentBuilder()
              .parse(new ByteArrayInputStream(svg.getBytes(StandardCharsets.UTF_8)));
      NodeList tooltips = document.getElementsByTagName("title");
      long transients = graph.tensors().stream().filter(t -> plan.offset(t) >= 0).count();
      assertThat(tooltips.getLength()).isEqualTo((int) (graph.nodes().size() + transients));
      assertThat(svg).doesNotContain("NaN", "Infinity");
    }
  }

  @Test
  void boxesOfTheMemoryMapDoNotOverlap() throws Exception {
    Graph graph = RandomGraphs.of(9, 60);
    Document document =
        DocumentBuilderFactory.newInstance()
            .newDocumentBuilder()
            .parse(
                new ByteArrayInputStream(
                    GraphPicture.svg(graph, MemoryPlan.of(graph))
                        .getBytes(StandardCharsets.UTF_8)));
    NodeList tooltips = document.getElementsByTagName("title");
    for (int i = graph.nodes().size(); i < tooltips.getLength(); i++) {
      for (int j = graph.nodes().size(); j < i; j++) {
        Element a = (Element) tooltips.item(i).getParentNode();
        Element b = (Element) tooltips.item(j).getParentNode();
        boolean apart = after(a, b, "x", "width") || after(b, a, "x", "width");
        apart |= after(a, b, "y", "height") || after(b, a, "y", "height");
        assertThat(apart).as("%s / %s", a.getTextContent(), b.getTextContent()).isTrue();
      }
    }
  }

  /** Whether {@code a} starts where {@code b} ends or later; coordinates have two decimals. */
  private static boolean after(Element a, Element b, String start, String extent) {
    double end =
        Double.parseDouble(b.getAttribute(start)) + Double.parseDouble(b.getAttribute(extent));
    return Double.parseDouble(a.getAttribute(start)) > end - 0.15;
  }
}
