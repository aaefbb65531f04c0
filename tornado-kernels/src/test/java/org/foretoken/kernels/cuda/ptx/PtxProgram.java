package org.foretoken.kernels.cuda.ptx;

import java.util.ArrayList;
import java.util.List;
import java.util.function.LongBinaryOperator;

/** A kernel's statements as operations on warps. */
final class PtxProgram {
  /** What an instruction does in the active lanes of a warp. */
  interface Operation {
    void run(PtxWarp warp, boolean[] active);
  }

  /** An instruction of {@link PtxKernel.Statement#guard}. */
  record Instruction(int guard, boolean negated, Operation operation, int line) {}

  /** What an operand is in one lane. */
  interface Source {
    long get(PtxWarp warp, int lane);
  }

  /** What one lane does. */
  private interface Lane {
    void run(PtxWarp warp, int lane);
  }

  private static final long WORD = 0xffff_ffffL;

  private final PtxKernel kernel;
  private final PtxMachine machine;
  private final List<Instruction> instructions = new ArrayList<>();

  PtxProgram(PtxKernel kernel, PtxMachine machine) {
    this.kernel = kernel;
    this.machine = machine;
    for (PtxKernel.Statement s : kernel.statements) {
      try {
        Operation operation = operation(s.operation(), s.operands());
        instructions.add(new Instruction(s.guard(), s.negated(), operation, s.line()));
      } catch (RuntimeException e) {
        throw new IllegalArgumentException("PTX line " + s.line() + ": " + s.operation(), e);
      }
    }
  }

  Instruction instruction(int index) {
    return instructions.get(index);
  }

  private Operation operation(String name, List<String> o) {
    if (name.startsWith("mbarrier") || name.startsWith("cp.async") || name.startsWith("wgmma")) {
      return new PtxAsync(kernel, machine, this).operation(name, o);
    }
    return switch (name) {
      case "bra" -> branch(kernel.labels.get(o.getFirst()));
      case "ret" -> machine.exit();
      case "bar.sync" -> machine.groupBarrier();
      case "barrier.cluster.arrive.release" -> machine.clusterArrive();
      case "barrier.cluster.wait.acquire" -> machine.clusterWait();
      case "setmaxnreg.dec.sync.aligned.u32", "setmaxnreg.inc.sync.aligned.u32" ->
          (warp, active) -> warp.whole(active, name);
      case "fence.mbarrier_init.release.cluster" -> (warp, active) -> {};
      case "mapa.shared::cluster.u32" ->
          set(o, (a, rank) -> rank << PtxGroup.WINDOW | PtxGroup.offset(a));
      case "ld.param.u32", "ld.param.u64" -> {
        int to = kernel.register(o.getFirst());
        long value = machine.parameter(inner(o.get(1)));
        yield lanes((warp, lane) -> warp.set(to, lane, value));
      }
      case "ld.global.nc.f32" -> load(List.of(o.getFirst()), o.get(1));
      case "ld.global.nc.v2.f32", "ld.global.v2.f32" ->
          load(PtxKernel.split(inner(o.getFirst())), o.get(1));
      case "st.global.v2.f32" -> store(PtxKernel.split(inner(o.get(1))), o.getFirst());
      default -> arithmetic(name, o);
    };
  }

  private Operation arithmetic(String name, List<String> o) {
    return switch (name) {
      case "mov.u32", "mov.b64", "mov.b16", "mov.f32", "cvt.u64.u32", "cvta.to.global.u64" ->
          set(o, a -> a);
      case "cvta.param.u64" -> set(o, a -> a);
      case "add.u32" -> set(o, (a, b) -> a + b & WORD);
      case "sub.u32" -> set(o, (a, b) -> a - b & WORD);
      case "mul.lo.u32" -> set(o, (a, b) -> a * b & WORD);
      case "div.u32" -> set(o, (a, b) -> a / b);
      case "min.u32" -> set(o, Math::min);
      case "and.b32", "and.pred" -> set(o, (a, b) -> a & b);
      case "xor.b32" -> set(o, (a, b) -> a ^ b);
      case "shl.b32" -> set(o, (a, b) -> a << b & WORD);
      case "shr.u32" -> set(o, (a, b) -> a >>> b);
      case "add.u64" -> set(o, Long::sum);
      case "or.b64" -> set(o, (a, b) -> a | b);
      case "shl.b64" -> set(o, (a, b) -> a << b);
      case "mul.wide.u32" -> set(o, (a, b) -> a * b);
      case "mad.lo.u32" -> ternary(o, (a, b, c) -> a * b + c & WORD);
      case "setp.ne.u32" -> set(o, (a, b) -> a != b ? 1 : 0);
      case "setp.eq.u32" -> set(o, (a, b) -> a == b ? 1 : 0);
      case "setp.lt.u32" -> set(o, (a, b) -> a < b ? 1 : 0);
      case "setp.lt.and.u32" -> ternary(o, (a, b, c) -> a < b ? c : 0);
      case "add.rn.f32" -> set(o, (a, b) -> bits(real(a) + real(b)));
      case "mul.rn.f32" -> set(o, (a, b) -> bits(real(a) * real(b)));
      case "fma.rn.f32" -> ternary(o, (a, b, c) -> bits(Math.fma(real(a), real(b), real(c))));
      default -> throw new UnsupportedOperationException(name);
    };
  }

  private interface Unary {
    long apply(long a);
  }

  private interface Ternary {
    long apply(long a, long b, long c);
  }

  private Operation set(List<String> o, Unary function) {
    int to = kernel.register(o.getFirst());
    Source a = source(o.get(1));
    return lanes((warp, lane) -> warp.set(to, lane, function.apply(a.get(warp, lane))));
  }

  private Operation set(List<String> o, LongBinaryOperator function) {
    int to = kernel.register(o.getFirst());
    Source a = source(o.get(1));
    Source b = source(o.get(2));
    return lanes(
        (warp, lane) ->
            warp.set(to, lane, function.applyAsLong(a.get(warp, lane), b.get(warp, lane))));
  }

  private Operation ternary(List<String> o, Ternary function) {
    int to = kernel.register(o.getFirst());
    Source a = source(o.get(1));
    Source b = source(o.get(2));
    Source c = source(o.get(3));
    return lanes(
        (warp, lane) ->
            warp.set(
                to, lane, function.apply(a.get(warp, lane), b.get(warp, lane), c.get(warp, lane))));
  }

  private Operation branch(int target) {
    return lanes((warp, lane) -> warp.jump(lane, target));
  }

  private Operation load(List<String> registers, String address) {
    Source at = address(address);
    int[] to = registers.stream().mapToInt(kernel::register).toArray();
    return lanes(
        (warp, lane) -> {
          long from = at.get(warp, lane);
          machine.aligned(from, 4 * to.length);
          for (int i = 0; i < to.length; i++) {
            warp.setFloat(to[i], lane, machine.load(from + 4 * i));
          }
        });
  }

  private Operation store(List<String> registers, String address) {
    Source at = address(address);
    int[] from = registers.stream().mapToInt(kernel::register).toArray();
    return lanes(
        (warp, lane) -> {
          long to = at.get(warp, lane);
          machine.aligned(to, 4 * from.length);
          for (int i = 0; i < from.length; i++) {
            machine.store(to + 4 * i, warp.getFloat(from[i], lane));
          }
        });
  }

  private static Operation lanes(Lane each) {
    return (warp, active) -> {
      for (int lane = 0; lane < PtxWarp.LANES; lane++) {
        if (active[lane]) {
          each.run(warp, lane);
        }
      }
    };
  }

  /** What is inside brackets or braces. */
  static String inner(String text) {
    return text.substring(1, text.length() - 1);
  }

  /** The address in {@code [register+offset]}. */
  Source address(String text) {
    String[] parts = inner(text).split("\\+");
    Source base = source(parts[0]);
    long offset = parts.length > 1 ? Long.parseLong(parts[1]) : 0;
    return (warp, lane) -> base.get(warp, lane) + offset;
  }

  Source source(String text) {
    switch (text) {
      case "%tid.x":
        return (warp, lane) -> warp.first + lane;
      case "%ctaid.x":
        return (warp, lane) -> warp.group.index;
      case "%nctaid.x":
        return (warp, lane) -> machine.groups();
      case "%cluster_ctarank":
        return (warp, lane) -> warp.group.rank;
      case "stages":
        return (warp, lane) -> (long) warp.group.rank << PtxGroup.WINDOW | PtxGroup.DYNAMIC;
      default:
        break;
    }
    if (text.startsWith("%")) {
      int register = kernel.register(text);
      return (warp, lane) -> warp.get(register, lane);
    }
    long constant =
        kernel.parameters.contains(text)
            ? machine.parameter(text)
            : text.startsWith("0f") ? Long.parseLong(text.substring(2), 16) : Long.decode(text);
    long value = text.startsWith("-") ? constant & WORD : constant;
    return (warp, lane) -> value;
  }

  private static float real(long bits) {
    return Float.intBitsToFloat((int) bits);
  }

  private static long bits(float value) {
    return Float.floatToRawIntBits(value) & WORD;
  }
}
