package org.foretoken.bench;

import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.foretoken.bench.measure.Allocation;
import org.foretoken.bench.measure.CopySide;
import org.foretoken.bench.measure.FmaPeak;
import org.foretoken.bench.measure.NotMeasured;
import org.foretoken.bench.measure.Rounds;
import org.foretoken.bench.measure.Samples;
import org.foretoken.bench.measure.Side;
import org.foretoken.bench.result.CaseResult;
import org.foretoken.bench.result.CaseResult.PeerResult;
import org.foretoken.bench.result.Machine;
import org.foretoken.bench.result.SuiteResult;
import org.foretoken.bench.suite.BenchDevice;
import org.foretoken.bench.suite.Peer;
import org.foretoken.bench.suite.Suite;
import org.foretoken.bench.suite.SuiteCase;
import org.foretoken.bench.work.Workload;
import org.foretoken.bench.work.Workloads;
import org.foretoken.cli.Failures;
import org.foretoken.cli.TimeBudget;
import org.foretoken.fp8.InputException;
import org.foretoken.kernels.host.HostPool;

/** Runs the cases of a suite one after the other; one that fails does not stop the rest. */
final class SuiteRunner {
  private final Suite suite;
  private final Optional<Path> checkpoint;
  private final double seconds;
  private final Consumer<String> progress;
  private final Map<Integer, Double> peaks = new HashMap<>(); // GFLOP/s by threads

  /**
   * Prepares a run.
   *
   * @param checkpoint trained weights for decoding
   * @param seconds for all cases, see {@link TimeBudget}; 0 for no limit
   * @param progress told each case before it starts
   */
  SuiteRunner(Suite suite, Optional<Path> checkpoint, double seconds, Consumer<String> progress) {
    this.suite = suite;
    this.checkpoint = checkpoint;
    this.seconds = seconds;
    this.progress = progress;
  }

  /** Runs the cases whose name contains {@code only}. */
  SuiteResult run(String only) {
    List<SuiteCase> chosen = suite.cases().stream().filter(c -> c.id().contains(only)).toList();
    if (chosen.isEmpty()) {
      throw new InputException(
          "--only: expected part of a case's name (see --list), found '" + only + "'");
    }
    String time = Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
    List<CaseResult> results = new ArrayList<>();
    try (TimeBudget budget = new TimeBudget(seconds)) {
      for (SuiteCase c : chosen) {
        progress.accept(c.id());
        results.add(budget.run(() -> run(c), why -> without(c, CaseResult.NOT_MEASURED, why)));
      }
    }
    Double peak = peaks.get(HostPool.shared().threads());
    return new SuiteResult(
        suite.file().name(),
        suite.file().about(),
        time,
        Machine.commit(),
        Machine.here(),
        peak,
        results);
  }

  private CaseResult run(SuiteCase c) {
    try (Workload work = Workloads.open(c, checkpoint);
        Arena arena = Arena.ofShared()) {
      work.check();
      return measure(c, work, arena);
    } catch (NotMeasured e) {
      return without(c, CaseResult.NOT_MEASURED, e.getMessage());
    } catch (InputException e) {
      throw e;
    } catch (RuntimeException | OutOfMemoryError e) {
      return without(c, CaseResult.FAILED, Failures.oneLine(e));
    }
  }

  private CaseResult measure(SuiteCase c, Workload work, Arena arena) {
    boolean host = c.device() == BenchDevice.HOST;
    int threads = c.threads() == 0 ? HostPool.shared().threads() : c.threads();
    List<Side> sides = new ArrayList<>(List.of(work.ours()));
    List<PeerResult> absent = new ArrayList<>();
    List<Peer> present = new ArrayList<>();
    try (HostPool own = c.threads() == 0 ? null : new HostPool(c.threads())) {
      for (Peer peer : c.peers()) {
        try {
          sides.add(work.peer(peer));
          present.add(peer);
        } catch (RuntimeException | LinkageError e) {
          String why = e instanceof NotMeasured ? e.getMessage() : Failures.oneLine(e);
          absent.add(new PeerResult(peer.label(), null, null, "not measured: " + why));
        }
      }
      CopySide copy = null;
      if (host && work.bytes() > 0) {
        copy = new CopySide(own == null ? HostPool.shared() : own, arena, (long) work.bytes());
        sides.add(copy);
      }
      Rounds.Plan plan = new Rounds.Plan(c.rounds(), (long) (suite.file().warmUpSeconds() * 1e9));
      List<Samples> samples = Rounds.measure(sides, plan);
      Samples ours = samples.getFirst();
      Long allocated =
          host ? Allocation.bytesPerCall(sides.getFirst(), ours.median() < 1e7 ? 20 : 3) : null;
      List<PeerResult> peers = new ArrayList<>();
      for (int i = 0; i < present.size(); i++) {
        Samples theirs = samples.get(i + 1);
        peers.add(
            new PeerResult(
                present.get(i).label(), theirs.median(), theirs.over(ours).median(), null));
      }
      peers.addAll(absent);
      Samples ratio = present.isEmpty() ? null : samples.get(1).over(ours);
      double gflops = work.flop() / ours.median();
      double gbs = work.bytes() / ours.median();
      Double ofCeiling =
          copy != null
              ? (Double) (samples.getLast().over(ours).median() * work.bytes() / copy.moved())
              : host && work.flop() > 0 ? (Double) (gflops / peak(threads)) : null;
      return new CaseResult(
          c.id(),
          c.group(),
          c.op().label(),
          c.pass().map(p -> p.label()).orElse(null),
          c.recipe().map(r -> r.name().toLowerCase(Locale.ROOT)).orElse(null),
          c.shape(),
          c.device().label(),
          host ? threads : null,
          work.unit(),
          CaseResult.OK,
          null,
          ours.median(),
          ours.lowerQuartile(),
          ours.upperQuartile(),
          ours.spread(),
          work.flop() > 0 ? gflops : null,
          work.bytes() > 0 ? gbs : null,
          ofCeiling,
          ofCeiling == null ? null : copy == null ? "fma" : "copy",
          allocated,
          ratio == null ? null : present.getFirst().label(),
          ratio == null ? null : samples.get(1).median(),
          ratio == null ? null : ratio.median(),
          ratio == null ? null : ratio.spread(),
          peers);
    } finally {
      sides.forEach(Side::close);
    }
  }

  private double peak(int threads) {
    return peaks.computeIfAbsent(
        threads,
        t -> {
          if (t == HostPool.shared().threads()) {
            return FmaPeak.gflops(HostPool.shared());
          }
          try (HostPool pool = new HostPool(t)) {
            return FmaPeak.gflops(pool);
          }
        });
  }

  private static CaseResult without(SuiteCase c, String status, String message) {
    return new CaseResult(
        c.id(),
        c.group(),
        c.op().label(),
        c.pass().map(p -> p.label()).orElse(null),
        c.recipe().map(r -> r.name().toLowerCase(Locale.ROOT)).orElse(null),
        c.shape(),
        c.device().label(),
        null,
        "call",
        status,
        message,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        List.of());
  }
}
