package org.foretoken.model.experiment;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import org.foretoken.kernels.graph.Backend;
import org.foretoken.kernels.host.HostBackend;
import org.foretoken.kernels.host.HostPool;
import org.foretoken.model.config.ConfigJson;
import org.foretoken.model.config.RunConfig;
import org.foretoken.model.data.Corpus;
import org.foretoken.model.data.Document;
import org.foretoken.model.data.TokenStream;
import org.foretoken.model.train.TrainListener;
import org.foretoken.model.train.Trainer;

/** The program of {@link Memory}'s processes: trains on random bytes, and writes its own peak. */
final class MemoryProbe {
  private static final int BYTES = 20_000;

  private MemoryProbe() {}

  /**
   * Trains.
   *
   * @param args the configuration as JSON, and the file that the peak in bytes is written to
   */
  public static void main(String[] args) throws IOException {
    RunConfig run = ConfigJson.read(args[0], Files.readString(Path.of(args[0])));
    byte[] text = new byte[BYTES];
    new SplittableRandom(1).nextBytes(text);
    TokenStream stream = new TokenStream(List.of(new Document("random", text)));
    try (Backend backend = new HostBackend(HostPool.shared(), false)) {
      Corpus corpus = new Corpus("random bytes", stream, stream);
      new Trainer(run, corpus, backend, null, new TrainListener() {}).run(null);
      Files.writeString(Path.of(args[1]), Long.toString(peakBytes()));
    }
  }

  private static long peakBytes() throws IOException {
    Path status = Path.of("/proc/self/status");
    if (!Files.isReadable(status)) {
      throw new IOException("expected /proc/self/status with the peak, found none: not Linux");
    }
    return Files.readAllLines(status).stream()
        .filter(line -> line.startsWith("VmHWM:"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024)
        .findFirst()
        .orElseThrow();
  }
}
