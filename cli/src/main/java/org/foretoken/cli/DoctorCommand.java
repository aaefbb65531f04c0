package org.foretoken.cli;

import java.util.List;
import java.util.Locale;
import org.foretoken.cli.doctor.Check;
import org.foretoken.cli.doctor.Doctor;
import org.foretoken.cli.doctor.Machine;
import org.foretoken.cli.metrics.MetricsJson;
import org.foretoken.cli.text.Columns;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code foretoken doctor}: what this machine has and lacks. */
@Command(
    name = "doctor",
    sortOptions = false,
    description =
        "Looks at JDK, CPU, memory, TornadoVM, driver and GPU, and says what to do about what is"
            + " wrong; exit code 1 where something is.")
final class DoctorCommand extends ForetokenCommand {
  /** The checks, as JSON has them. */
  record Report(boolean healthy, List<Check> checks, List<Devices.Status> devices) {}

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  @Override
  public Integer call() {
    List<Check> checks = Doctor.examine(Machine.here());
    boolean healthy = checks.stream().noneMatch(c -> c.status() == Check.Status.FAILED);
    if (json) {
      out().println(MetricsJson.line(new Report(healthy, checks, Devices.statuses())));
      return healthy ? 0 : 1;
    }
    Columns table = new Columns("", "", "");
    for (Check c : checks) {
      String way = c.fix() == null ? "" : "; " + c.fix();
      table.row(c.status().name().toLowerCase(Locale.ROOT), c.name(), c.found() + way);
    }
    table.lines().stream().skip(1).forEach(out()::println);
    return healthy ? 0 : 1;
  }
}
