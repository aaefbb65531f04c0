package org.foretoken.emulator.lint;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** Collects findings about one method of a kernel. */
final class Report {
  private final String kernel;
  private final String method;
  private final String file;
  private final Set<Finding> findings = new LinkedHashSet<>();
  private int line;

  Report(String kernel, String method, String file) {
    this.kernel = kernel;
    this.method = method;
    this.file = file;
  }

  void at(int newLine) {
    line = newLine;
  }

  void error(String what, String wayOut) {
    add(Finding.Severity.ERROR, what, wayOut);
  }

  void warning(String what, String wayOut) {
    add(Finding.Severity.WARNING, what, wayOut);
  }

  List<Finding> findings() {
    return List.copyOf(findings);
  }

  private void add(Finding.Severity severity, String what, String wayOut) {
    findings.add(new Finding(severity, kernel, method, file, line, what, wayOut));
  }
}
