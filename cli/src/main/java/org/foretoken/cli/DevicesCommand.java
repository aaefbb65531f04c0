package org.foretoken.cli;

import org.foretoken.cli.metrics.MetricsJson;
import org.foretoken.cli.text.Columns;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code foretoken devices}: the places that graphs can run in. */
@Command(
    name = "devices",
    sortOptions = false,
    description = "Lists what --device takes, and what stands behind each name on this machine.")
final class DevicesCommand extends ForetokenCommand {
  @Option(names = "--json", description = "Print one JSON array.")
  private boolean json;

  @Override
  public Integer call() {
    if (json) {
      out().println(MetricsJson.line(Devices.statuses()));
      return 0;
    }
    Columns table = new Columns("device", "there", "what");
    for (Devices.Status s : Devices.statuses()) {
      table.row(s.device(), s.available() ? "yes" : "no", s.description());
    }
    table.lines().forEach(out()::println);
    return 0;
  }
}
