package org.foretoken.bench.result;

import java.util.ArrayList;
import java.util.List;
import org.foretoken.bench.result.CaseResult.PeerResult;
import org.foretoken.cli.text.Columns;
import org.foretoken.cli.text.Numbers;

/** The figures of a run as text. */
public final class ResultTable {
  private static final String NOTHING = "-";

  private ResultTable() {}

  /** Headings, as {@link Columns} takes them. */
  private static final String[] HEADINGS = {
    "case", ">median", ">spread", ">rate", ">of ceiling", ">heap/call", "peer", ">ratio"
  };

  /** The table: a line for each case, and one more for each further peer. */
  public static List<String> lines(SuiteResult run) {
    Columns table = new Columns(HEADINGS);
    for (CaseResult c : run.cases()) {
      cells(c).forEach(row -> table.row(row.toArray(String[]::new)));
    }
    return table.lines();
  }

  /** Headings without marks of alignment. */
  public static List<String> headings() {
    return java.util.Arrays.stream(HEADINGS).map(h -> h.replace(">", "")).toList();
  }

  /** The rows of one case. */
  public static List<List<String>> cells(CaseResult c) {
    List<List<String>> rows = new ArrayList<>();
    if (!c.ok()) {
      rows.add(List.of(c.id(), c.status(), NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING));
      return rows;
    }
    PeerResult first = c.peers().isEmpty() ? null : c.peers().getFirst();
    rows.add(
        List.of(
            c.id(),
            time(c.medianNs()) + (c.unit().equals("call") ? "" : "/" + c.unit()),
            Numbers.percent(c.spread()),
            rate(c),
            c.ratioToCeiling() == null
                ? NOTHING
                : Numbers.percent(c.ratioToCeiling()) + " " + c.ceiling(),
            c.allocatedBytes() == null ? NOTHING : Numbers.bytes(c.allocatedBytes()),
            peer(first),
            ratio(first)));
    for (PeerResult p : c.peers().subList(Math.min(1, c.peers().size()), c.peers().size())) {
      rows.add(List.of("", "", "", "", "", "", peer(p), ratio(p)));
    }
    return rows;
  }

  private static String peer(PeerResult p) {
    if (p == null) {
      return NOTHING;
    }
    return p.peer() + (p.medianNs() == null ? "" : " " + time(p.medianNs()));
  }

  private static String ratio(PeerResult p) {
    if (p == null) {
      return NOTHING;
    }
    return p.ratio() == null ? "not measured" : Numbers.fixed(p.ratio(), 2) + "x";
  }

  private static String rate(CaseResult c) {
    if (c.gflops() != null) {
      return Numbers.fixed(c.gflops(), 1) + " GFLOP/s";
    }
    return c.gbs() == null ? NOTHING : Numbers.fixed(c.gbs(), 1) + " GB/s";
  }

  /** A time with its unit. */
  public static String time(double nanos) {
    if (nanos >= 1e9) {
      return Numbers.fixed(nanos / 1e9, 2) + " s";
    }
    if (nanos >= 1e6) {
      return Numbers.fixed(nanos / 1e6, 2) + " ms";
    }
    return nanos >= 1e3 ? Numbers.fixed(nanos / 1e3, 1) + " us" : Numbers.fixed(nanos, 0) + " ns";
  }

  /** What failed or could not be measured, and why, a line each. */
  public static List<String> notes(SuiteResult run) {
    List<String> notes = new ArrayList<>();
    for (CaseResult c : run.cases()) {
      if (!c.ok()) {
        notes.add(c.id() + ": " + c.status() + ": " + c.message());
      }
      for (PeerResult p : c.peers()) {
        if (p.message() != null) {
          notes.add(c.id() + ": " + p.peer() + " " + p.message());
        }
      }
    }
    return notes;
  }
}
