package org.foretoken.bench;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.TimeUnit;
import org.foretoken.kernels.host.HostFp8Gemm;
import org.foretoken.kernels.host.HostGemm;
import org.foretoken.kernels.host.HostPackedWeight;
import org.foretoken.kernels.host.HostPool;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** Time of one host product by JMH, for changes to one of them; the peer is in GemmHostBench. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 1)
@Fork(
    value = 1,
    jvmArgs = {
      "--add-modules=jdk.incubator.vector",
      "--enable-native-access=ALL-UNNAMED",
      "-XX:+UseParallelGC",
      "-Xmx2g"
    })
public class HostGemmJmh {
  /** m, n and k of y[m, n] = x[m, k] w[n, k]^T. */
  @Param({"1x1024x1024", "64x2112x7168", "1024x1024x1024"})
  public String shape;

  private HostPool pool;
  private Arena arena;
  private int m;
  private int n;
  private int k;
  private GemmHostBench.Operands floats;
  private GemmHostBench.Operands codes;
  private HostPackedWeight packed;
  private HostPackedWeight packedCodes;
  private MemorySegment y;

  /** Operands of the shape, and both packed weights. */
  @Setup(Level.Trial)
  public void setUp() {
    String[] sizes = shape.split("x");
    m = Integer.parseInt(sizes[0]);
    n = Integer.parseInt(sizes[1]);
    k = Integer.parseInt(sizes[2]);
    pool = new HostPool(Runtime.getRuntime().availableProcessors());
    arena = Arena.ofShared();
    floats = new GemmHostBench.Operands(arena, GemmHostBench.Op.F32_NT, m, n, k);
    codes = new GemmHostBench.Operands(arena, GemmHostBench.Op.FP8_FPROP, m, n, k);
    packed = HostPackedWeight.pack(pool, arena, floats.right, n, k, HostGemm.Operand.F32);
    packedCodes = HostPackedWeight.packFp8(pool, arena, codes.rightCodes, codes.rightScales, n, k);
    y = arena.allocate(4L * m * n, 64);
  }

  /** Ends the threads and frees the operands. */
  @TearDown(Level.Trial)
  public void tearDown() {
    pool.close();
    arena.close();
  }

  /** FP32, NT. */
  @Benchmark
  public void f32() {
    HostGemm.Operand f32 = HostGemm.Operand.F32;
    HostGemm.nt(pool, floats.left, floats.right, y, m, n, k, false, f32, f32);
  }

  /** FP32 rounded to bfloat16 while packing, NT. */
  @Benchmark
  public void bf16() {
    HostGemm.Operand bf16 = HostGemm.Operand.F32_AS_BF16;
    HostGemm.nt(pool, floats.left, floats.right, y, m, n, k, false, bf16, bf16);
  }

  /** FP8 fprop. */
  @Benchmark
  public void fp8() {
    HostFp8Gemm.fprop(
        pool, codes.leftCodes, codes.leftScales, codes.rightCodes, codes.rightScales, y, m, n, k);
  }

  /** FP32 with the weight packed before. */
  @Benchmark
  public void f32Packed() {
    packed.multiply(pool, floats.left, HostGemm.Operand.F32, y, m);
  }

  /** FP8 fprop with the weight packed before. */
  @Benchmark
  public void fp8Packed() {
    packedCodes.multiplyFp8(pool, codes.leftCodes, codes.leftScales, y, m);
  }
}
