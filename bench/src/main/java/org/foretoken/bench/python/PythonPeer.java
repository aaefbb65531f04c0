package org.foretoken.bench.python;

import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Deque;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.TimeUnit;
import org.foretoken.bench.measure.NotMeasured;
import org.foretoken.bench.measure.Side;

/**
 * {@code bench/gpu/peer.py} as a side: it prepares what a line of JSON describes, answers {@code
 * ready} or why it cannot, and then a number of calls with the nanoseconds that they took on the
 * device. A process that is done with its work lets go of its memory and waits for the next, since
 * PyTorch takes seconds to start; it ends with this one.
 */
public final class PythonPeer implements Side {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private static final Deque<PythonPeer> IDLE = new ConcurrentLinkedDeque<>();

  private final Process process;
  private final BufferedWriter in;
  private final BufferedReader out;

  private PythonPeer(Process process) {
    this.process = process;
    in = process.outputWriter(StandardCharsets.UTF_8);
    out = process.inputReader(StandardCharsets.UTF_8);
  }

  /**
   * Starts the script on a piece of work.
   *
   * @throws NotMeasured where there is no Python with PyTorch and CUDA, or it cannot do this work
   */
  public static PythonPeer open(Map<String, ?> work) {
    try {
      PythonPeer idle = IDLE.poll();
      PythonPeer peer = idle == null ? start() : idle;
      String answer = peer.ask(JSON.writeValueAsString(work));
      if (!answer.equals("ready")) {
        peer.giveUp();
        throw new NotMeasured(answer.replaceFirst("^error: ", ""));
      }
      return peer;
    } catch (IOException e) {
      throw new NotMeasured("peer.py: " + e.getMessage(), e);
    }
  }

  private static PythonPeer start() throws IOException {
    Path script = Path.of(System.getProperty("foretoken.home", "."), "bench", "gpu", "peer.py");
    String python = System.getenv().getOrDefault("FORETOKEN_PYTHON", "python3");
    return new PythonPeer(
        new ProcessBuilder(python, script.toString())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start());
  }

  /** After an error: a process without PyTorch ends, one that lacks this work only goes on. */
  private void giveUp() {
    try {
      if (!process.waitFor(300, TimeUnit.MILLISECONDS)) {
        close();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private String ask(String line) throws IOException {
    in.write(line);
    in.newLine();
    in.flush();
    String answer = out.readLine();
    return answer == null ? "error: " + "the Python process ended" : answer;
  }

  @Override
  public long nanos(int calls) {
    try {
      String answer = ask(Integer.toString(calls));
      if (answer.startsWith("error")) {
        throw new IllegalStateException("peer.py: " + answer);
      }
      return Long.parseLong(answer);
    } catch (IOException e) {
      throw new IllegalStateException("peer.py: " + e.getMessage(), e);
    }
  }

  @Override
  public void close() {
    try {
      in.write("null");
      in.newLine();
      in.flush();
      IDLE.push(this);
    } catch (IOException e) {
      process.destroy(); // it has ended
    }
  }
}
