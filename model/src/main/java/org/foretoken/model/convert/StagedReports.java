package org.foretoken.model.convert;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;

/**
 * Reports as the journal keeps them; numbers as hexadecimal text, for an exact SQNR may be
 * infinite.
 */
final class StagedReports {
  private static final JsonMapper MAPPER = JsonMapper.builder().build();

  private StagedReports() {}

  static ArrayNode write(List<TensorReport> reports) {
    ArrayNode array = MAPPER.createArrayNode();
    for (TensorReport report : reports) {
      ObjectNode node = array.addObject();
      node.put("tensor", report.tensor());
      node.put("rows", Long.toString(report.rows()));
      node.put("columns", Long.toString(report.columns()));
      node.put("sqnr", Double.toHexString(report.sqnrDecibels()));
      node.put("error", Double.toHexString(report.largestError()));
      node.put("saturation", Double.toHexString(report.saturationShare()));
      node.put("underflow", Double.toHexString(report.underflowShare()));
    }
    return array;
  }

  static List<TensorReport> read(String shard, JsonNode array) {
    List<TensorReport> reports = new ArrayList<>();
    for (JsonNode node : array) {
      reports.add(
          new TensorReport(
              node.path("tensor").asText(),
              shard,
              node.path("rows").asLong(),
              node.path("columns").asLong(),
              number(node, "sqnr"),
              number(node, "error"),
              number(node, "saturation"),
              number(node, "underflow")));
    }
    return reports;
  }

  private static double number(JsonNode node, String key) {
    return Double.parseDouble(node.path(key).asText("NaN"));
  }
}
