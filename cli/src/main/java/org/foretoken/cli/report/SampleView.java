package org.foretoken.cli.report;

import java.util.List;
import org.foretoken.cli.metrics.MetricsLine.Sample;
import org.foretoken.cli.text.TokenText;

/** A sample with every token marked by who proposed it. */
final class SampleView {
  private SampleView() {}

  /** The sample's text: the prompt pale, accepted drafts marked, the trunk's own tokens plain. */
  static String pre(Sample sample) {
    StringBuilder out = new StringBuilder("<pre>");
    String prompt = sample.promptAsText();
    out.append("<span class=\"prompt\">").append(Html.escape(prompt)).append("</span>");
    List<Integer> tokens = sample.tokens();
    boolean[] starts = starts(sample);
    int at = 0;
    while (at < tokens.size()) {
      int depth = sample.proposedBy().get(at);
      int end = at + 1;
      while (end < tokens.size() && (!starts[end] || sample.proposedBy().get(end) == depth)) {
        end++;
      }
      String text = Html.escape(text(sample, at, end));
      if (depth == 0) {
        out.append(text);
      } else {
        out.append("<mark class=\"").append(colour(depth)).append("\">");
        out.append(text).append("</mark>");
      }
      at = end;
    }
    return out.append("</pre>\n").toString();
  }

  /** For each token whether the text before it is whole characters. */
  private static boolean[] starts(Sample sample) {
    if (sample.pieces() == null) {
      return TokenText.characterStarts(sample.tokens());
    }
    boolean[] starts = new boolean[sample.tokens().size()];
    for (int i = 0; i < starts.length; i++) {
      starts[i] = i == 0 || !sample.pieces().get(i - 1).isEmpty();
    }
    return starts;
  }

  private static String text(Sample sample, int from, int to) {
    return sample.pieces() == null
        ? TokenText.text(sample.tokens().subList(from, to))
        : String.join("", sample.pieces().subList(from, to));
  }

  /** What the marks mean, with the share of each. */
  static String legend(Sample sample, int depths) {
    StringBuilder out = new StringBuilder("<div class=\"legend\">");
    out.append("<span class=\"prompt\">prompt</span>");
    int all = Math.max(1, sample.tokens().size());
    for (int k = 0; k <= depths; k++) {
      int depth = k;
      long count = sample.proposedBy().stream().filter(p -> p == depth).count();
      String share = " " + Math.round(100.0 * count / all) + " %";
      if (k == 0) {
        out.append("<span class=\"trunk\">trunk").append(share).append("</span>");
      } else {
        out.append("<span><mark class=\"").append(colour(k)).append("\">MTP module ").append(k);
        out.append("</mark> draft accepted").append(share).append("</span>");
      }
    }
    return out.append("</div>\n").toString();
  }

  /** Class of a depth's colour; 0 is the main model. */
  static String colour(int depth) {
    return "d" + Math.min(depth, 4);
  }
}
