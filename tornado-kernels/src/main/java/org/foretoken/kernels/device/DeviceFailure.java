package org.foretoken.kernels.device;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What TornadoVM throws, as one line that names the kernel. */
final class DeviceFailure {
  private static final Pattern TASK = Pattern.compile("\\b(\\w+)_(\\d+)\\b");
  private static final Pattern COLOURS = Pattern.compile("\u001b\\[[0-9;]*m");
  private static final Pattern OUT_OF_MEMORY =
      Pattern.compile("Unable to allocate \\d+ bytes|OUT_OF_MEMORY|MEM_OBJECT_ALLOCATION_FAILURE");
  private static final int LONGEST = 300;

  private DeviceFailure() {}

  /** The exception to throw for {@code failure} of a part of a graph with these tasks. */
  static DeviceException explain(String graph, List<DeviceTask> tasks, Throwable failure) {
    StringBuilder texts = new StringBuilder();
    for (Throwable t = failure; t != null; t = t.getCause()) {
      texts.append(t.getMessage()).append(' ');
    }
    String text = COLOURS.matcher(texts).replaceAll("");
    String where = "device: graph '" + graph + "'";
    Matcher matcher = TASK.matcher(text);
    while (matcher.find()) {
      int index = Integer.parseInt(matcher.group(2));
      if (index < tasks.size() && tasks.get(index).kernel().equals(matcher.group(1))) {
        DeviceTask task = tasks.get(index);
        where += ", kernel '" + task.kernel() + "' of operation '" + task.label() + "'";
        break;
      }
    }
    return new DeviceException(where + ": " + firstLine(text, failure) + wayOut(text), failure);
  }

  /** TornadoVM keeps to a share of the device's memory, 4 GB unless told otherwise. */
  private static String wayOut(String text) {
    return OUT_OF_MEMORY.matcher(text).find()
        ? "; out of device memory: use a smaller model, batch or sequence, or let TornadoVM have"
            + " more: FORETOKEN_JAVA_OPTS=-Dtornado.device.memory=40GB (4GB unless set)"
        : "";
  }

  private static String firstLine(String text, Throwable failure) {
    String line =
        text.lines().map(String::strip).filter(l -> !l.isEmpty()).findFirst().orElse("no message");
    String cut = line.length() > LONGEST ? line.substring(0, LONGEST) + "..." : line;
    return failure.getClass().getSimpleName() + ": " + cut;
  }
}
