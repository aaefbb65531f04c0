package org.foretoken.emulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.foretoken.emulator.FaultyKernels.GROUP;

import org.foretoken.emulator.exec.KernelFault;
import org.foretoken.emulator.exec.KernelFault.Kind;
import org.junit.jupiter.api.Test;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.WorkerGrid;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Every planted fault is caught, by its name, and sound kernels pass. */
class SanitizerTest {
  private final KernelContext context = new KernelContext();
  private final IntArray in = new IntArray(2 * GROUP);
  private final IntArray out = new IntArray(2 * GROUP);
  private final WorkerGrid twoGroups = Launch.grid(2, GROUP);

  private static TaskGraph graph(Object... toDevice) {
    return new TaskGraph("g").transferToDevice(DataTransferMode.EVERY_EXECUTION, toDevice);
  }

  private static KernelFault fault(TaskGraph graph, WorkerGrid grid) {
    return catchThrowableOfType(KernelFault.class, () -> Launch.once(graph, grid));
  }

  private static KernelFault fault(TaskGraph graph) {
    return catchThrowableOfType(KernelFault.class, () -> Launch.once(graph));
  }

  private static void assertFault(KernelFault fault, Kind kind, String... parts) {
    assertThat(fault).isNotNull();
    assertThat(fault.kind()).isEqualTo(kind);
    assertThat(fault).hasMessageStartingWith(kind + " in kernel g.t [FaultyKernels.");
    assertThat(fault.getMessage()).contains(parts).contains("(FaultyKernels.java:");
    assertThat(fault.getMessage()).doesNotContain("\n");
  }

  @Test
  void soundKernelPasses() {
    for (int i = 0; i < in.getSize(); i++) {
      in.set(i, i);
    }
    Launch.once(
        graph(in)
            .task("t", FaultyKernels::reverse, context, in, out)
            .transferToHost(DataTransferMode.EVERY_EXECUTION, out),
        twoGroups);
    assertThat(out.get(0)).isEqualTo(GROUP - 1);
    assertThat(out.get(2 * GROUP - 1)).isEqualTo(GROUP);
  }

  @Test
  void missingBarrierWithUnwrittenNeighbour() {
    KernelFault fault =
        fault(
            graph(in).task("t", FaultyKernels::reverseWithoutBarrier, context, in, out), twoGroups);
    assertFault(
        fault, Kind.UNWRITTEN_LOCAL, "reverseWithoutBarrier", "local tile[31]", "[0, 0, 0]");
  }

  @Test
  void missingBarrierIsARace() {
    KernelFault fault =
        fault(graph(in).task("t", FaultyKernels::overwriteTooEarly, context, in, out), twoGroups);
    assertFault(
        fault,
        Kind.RACE,
        "local tile[1] is written here and was read by work item [0, 0, 0]",
        "work item [1, 0, 0]",
        "no barrier in between");
  }

  @Test
  void unwrittenLocalRead() {
    KernelFault fault =
        fault(graph(in).task("t", FaultyKernels::readUnwrittenLocal, context, out), twoGroups);
    assertFault(fault, Kind.UNWRITTEN_LOCAL, "local tile[7]", "work item [7, 0, 0]");
  }

  @Test
  void localOffByOne() {
    KernelFault fault =
        fault(graph(in).task("t", FaultyKernels::localOffByOne, context, out), twoGroups);
    assertFault(fault, Kind.OUT_OF_BOUNDS, "local tile[32]", "below 32", "work item [31, 0, 0]");
  }

  @Test
  void globalOffByOne() {
    KernelFault fault =
        fault(graph(in).task("t", FaultyKernels::globalOffByOne, context, in, out), twoGroups);
    assertFault(fault, Kind.OUT_OF_BOUNDS, "in[64]", "below 64", "work item [63, 0, 0]");
  }

  @Test
  void divergentBarrier() {
    KernelFault fault =
        fault(graph(in).task("t", FaultyKernels::divergentBarrier, context, out), twoGroups);
    assertThat(fault.kind()).isEqualTo(Kind.DIVERGENT_BARRIER);
    assertThat(fault)
        .hasMessageContaining("work item [20, 0, 0]")
        .hasMessageContaining("at line ")
        .hasMessageContaining("work item [0, 0, 0]");
  }

  @Test
  void differentBarriersOfOneGroup() {
    KernelFault fault =
        fault(graph(in).task("t", FaultyKernels::twoBarriers, context, out), twoGroups);
    assertThat(fault.kind()).isEqualTo(Kind.DIVERGENT_BARRIER);
    assertThat(fault).hasMessageContaining("work item [20, 0, 0]");
  }

  @Test
  void groupsWriteOneElement() {
    KernelFault fault =
        fault(
            graph(in).task("t", FaultyKernels::sameElementFromAllGroups, context, out), twoGroups);
    assertFault(fault, Kind.RACE, "out[0] is written here and was written by", "nothing orders");
  }

  @Test
  void groupsReadWhatOthersWrite() {
    KernelFault fault =
        fault(graph(in).task("t", FaultyKernels::neighbourGroup, context, in), twoGroups);
    assertFault(fault, Kind.RACE, "data[0] is read here and was written by work item [0, 0, 0]");
  }

  @Test
  void raceInAHelperNamesTheKernelsArray() {
    KernelFault fault =
        fault(graph(in).task("t", FaultyKernels::helperRace, context, out), Launch.grid(1, GROUP));
    assertFault(fault, Kind.RACE, "helperRace", "out[0]", "work item [1, 0, 0]");
  }

  @Test
  void atomicsDoNotRace() {
    IntArray bins = IntArray.fromElements(0, 0, 0, 0);
    for (int i = 0; i < in.getSize(); i++) {
      in.set(i, i % 4);
    }
    Launch.once(
        graph(in, bins)
            .task("t", FaultyKernels::histogram, context, in, bins)
            .transferToHost(DataTransferMode.EVERY_EXECUTION, bins),
        twoGroups);
    assertThat(bins.toHeapArray()).containsOnly(GROUP / 2);
  }

  @Test
  void localAtomicsDoNotRace() {
    IntArray counts = new IntArray(8);
    for (int i = 0; i < in.getSize(); i++) {
      in.set(i, i % 4);
    }
    Launch.once(
        graph(in)
            .task("t", FaultyKernels::localHistogram, context, in, counts)
            .transferToHost(DataTransferMode.EVERY_EXECUTION, counts),
        twoGroups);
    assertThat(counts.toHeapArray()).containsOnly(GROUP / 4);
  }

  @Test
  void plainReadOfAnAtomicSumRaces() {
    IntArray bins = IntArray.fromElements(0, 0);
    KernelFault fault =
        fault(
            graph(in, bins).task("t", FaultyKernels::histogramReadTooEarly, context, in, bins),
            twoGroups);
    assertFault(fault, Kind.RACE, "bins[0]", "added to");
  }

  @Test
  void iterationsThatShareAnElementRace() {
    FloatArray x = new FloatArray(8);
    KernelFault fault = fault(graph(x).task("t", FaultyKernels::shiftInPlace, x));
    assertFault(
        fault,
        Kind.RACE,
        "x[1] is written here and was read by iteration i = 0",
        "iteration i = 1");
  }

  @Test
  void iterationOutOfBounds() {
    FloatArray x = new FloatArray(8);
    KernelFault fault = fault(graph(x).task("t", FaultyKernels::shift, x, new FloatArray(8)));
    assertFault(fault, Kind.OUT_OF_BOUNDS, "x[8]", "iteration i = 7");
  }

  @Test
  void sumWithoutReduceRaces() {
    FloatArray x = new FloatArray(8);
    FloatArray sum = new FloatArray(1);
    KernelFault fault = fault(graph(x, sum).task("t", FaultyKernels::accumulate, x, sum));
    assertFault(fault, Kind.RACE, "sum[0]", "iteration i = 1", "iteration i = 0");
  }

  @Test
  void reduceIsNoRace() {
    FloatArray x = FloatArray.fromElements(1, 2, 3, 4);
    FloatArray sum = new FloatArray(1);
    Launch.once(
        graph(x)
            .task("t", FaultyKernels::reduce, x, sum)
            .transferToHost(DataTransferMode.EVERY_EXECUTION, sum));
    assertThat(sum.get(0)).isEqualTo(10f);
  }

  @Test
  void innerIterationsRace() {
    FloatArray x = new FloatArray(12);
    KernelFault fault = fault(graph(x).task("t", FaultyKernels::rowSums, x, new FloatArray(3), 4));
    assertFault(
        fault, Kind.RACE, "sums[0]", "iteration i = 0, j = 1", "written by iteration i = 0, j = 0");
  }

  @Test
  void writeOutsideOfTheLoopIsMadeByAll() {
    FloatArray x = new FloatArray(4);
    KernelFault fault =
        fault(graph(x).task("t", FaultyKernels::writeAfterLoop, x, new FloatArray(4)));
    assertFault(fault, Kind.RACE, "y[0]", "outside of a parallel loop");
  }

  @Test
  void loopsOfOneMethodAreNotOrdered() {
    FloatArray x = new FloatArray(4);
    KernelFault fault =
        fault(
            graph(x)
                .task(
                    "t",
                    FaultyKernels::secondLoopReadsOthers,
                    x,
                    new FloatArray(4),
                    new FloatArray(4)));
    assertFault(fault, Kind.RACE, "y[3]", "iteration i = 0", "written by iteration i = 3");
  }

  @Test
  void copyNotWaitedFor() {
    ByteArray bytes = new ByteArray(4 * GROUP);
    KernelFault fault =
        fault(
            graph(bytes).task("t", FaultyKernels::copyWithoutWaiting, context, bytes, out),
            Launch.grid(1, GROUP));
    assertFault(fault, Kind.COPY_IN_FLIGHT, "local tile[0]", "asyncCopyWaitGroup");
  }

  @Test
  void copyWaitedForArrives() {
    ByteArray bytes = new ByteArray(4 * GROUP);
    for (int i = 0; i < bytes.getSize(); i++) {
      bytes.set(i, (byte) i);
    }
    Launch.once(
        graph(bytes)
            .task("t", FaultyKernels::copyAndWait, context, bytes, out)
            .transferToHost(DataTransferMode.EVERY_EXECUTION, out),
        Launch.grid(1, GROUP));
    assertThat(out.get(GROUP - 1)).isEqualTo(0x03020100);
  }

  @Test
  void tooMuchLocalMemory() {
    KernelFault fault =
        fault(
            new TaskGraph("g")
                .task("t", FaultyKernels::tooMuchLocalMemory, context, new FloatArray(GROUP)),
            Launch.grid(1, GROUP));
    assertFault(fault, Kind.LOCAL_MEMORY, "49152");
  }

  @Test
  void halfAWarpCannotSum() {
    KernelFault fault =
        fault(
            new TaskGraph("g")
                .task("t", FaultyKernels::halfWarpSum, context, new FloatArray(GROUP)),
            Launch.grid(1, GROUP));
    assertThat(fault.kind()).isEqualTo(Kind.DIVERGENT_WARP);
    assertThat(fault).hasMessageContaining("work item [16, 0, 0]").hasMessageContaining("simdSum");
  }

  @Test
  void absentDataIsNamed() {
    KernelFault fault =
        fault(new TaskGraph("g").task("t", FaultyKernels::reverse, context, in, out), twoGroups);
    assertFault(fault, Kind.ABSENT, "in[0]", "neither transferred");
  }

  @Test
  void switchedOffNothingIsChecked() {
    Launch.unwatched(
        () ->
            Launch.once(
                graph(in).task("t", FaultyKernels::sameElementFromAllGroups, context, out),
                twoGroups));
  }
}
