package org.foretoken.kernels.cuda.ptx;

import java.util.List;

/** Instructions whose work goes on beside the program: barriers, copies, products. */
final class PtxAsync {
  private final PtxKernel kernel;
  private final PtxMachine machine;
  private final PtxProgram program;

  PtxAsync(PtxKernel kernel, PtxMachine machine, PtxProgram program) {
    this.kernel = kernel;
    this.machine = machine;
    this.program = program;
  }

  PtxProgram.Operation operation(String name, List<String> o) {
    return switch (name) {
      case "mbarrier.init.shared::cta.b64" -> {
        PtxProgram.Source at = program.address(o.getFirst());
        int count = Integer.parseInt(o.get(1));
        yield each((warp, lane) -> warp.group.init(at.get(warp, lane), count));
      }
      case "mbarrier.arrive.shared::cta.b64" -> {
        PtxProgram.Source at = program.address(o.get(1));
        yield each((warp, lane) -> own(warp, at.get(warp, lane)).arrive(0));
      }
      case "mbarrier.arrive.shared::cluster.b64" -> {
        PtxProgram.Source at = program.address(o.get(1));
        yield each(
            (warp, lane) -> {
              long address = at.get(warp, lane);
              int rank = (int) address >>> PtxGroup.WINDOW;
              PtxGroup group = warp.group.cluster.groups.get(rank);
              group.barrier(PtxGroup.offset(address)).arrive(0);
            });
      }
      case "mbarrier.arrive.expect_tx.shared::cta.b64" -> {
        PtxProgram.Source at = program.address(o.get(1));
        long bytes = Long.parseLong(o.get(2));
        yield each((warp, lane) -> own(warp, at.get(warp, lane)).arrive(bytes));
      }
      case "mbarrier.try_wait.parity.shared::cta.b64" -> await(o);
      case "wgmma.fence.sync.aligned" -> (warp, active) -> warp.whole(active, name);
      case "wgmma.commit_group.sync.aligned" -> this::commit;
      case "wgmma.wait_group.sync.aligned" -> {
        int left = Integer.parseInt(o.getFirst());
        yield (warp, active) -> finish(warp, active, left);
      }
      case "wgmma.mma_async.sync.aligned.m64n128k32.f32.e4m3.e4m3" -> multiply(o);
      default -> {
        String copy = "cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes";
        if (!name.equals(copy) && !name.equals(copy + ".multicast::cluster")) {
          throw new UnsupportedOperationException(name);
        }
        yield copy(o);
      }
    };
  }

  private interface Lane {
    void run(PtxWarp warp, int lane);
  }

  private static PtxProgram.Operation each(Lane lane) {
    return (warp, active) -> {
      for (int i = 0; i < PtxWarp.LANES; i++) {
        if (active[i]) {
          lane.run(warp, i);
        }
      }
    };
  }

  private static PtxGroup.Barrier own(PtxWarp warp, long address) {
    return warp.group.barrier(warp.group.own(address));
  }

  private PtxProgram.Operation await(List<String> o) {
    int to = kernel.register(o.getFirst());
    PtxProgram.Source at = program.address(o.get(1));
    PtxProgram.Source parity = program.source(o.get(2));
    return each(
        (warp, lane) -> {
          boolean over = own(warp, at.get(warp, lane)).over(parity.get(warp, lane));
          warp.set(to, lane, over ? 1 : 0);
          warp.yields |= !over;
        });
  }

  /** Operands: {@code [to], [map, {column, row}], [barrier]} and where there are more, a mask. */
  private PtxProgram.Operation copy(List<String> o) {
    PtxProgram.Source to = program.address(o.getFirst());
    List<String> from = PtxKernel.split(PtxProgram.inner(o.get(1)));
    List<String> place = PtxKernel.split(PtxProgram.inner(from.get(1)));
    PtxProgram.Source map = program.source(from.getFirst());
    PtxProgram.Source column = program.source(place.getFirst());
    PtxProgram.Source row = program.source(place.get(1));
    PtxProgram.Source barrier = program.address(o.get(2));
    PtxProgram.Source mask = o.size() > 3 ? program.source(o.get(3)) : null;
    return each(
        (warp, lane) -> {
          TensorMap matrix = machine.map(map.get(warp, lane));
          int target = warp.group.own(to.get(warp, lane));
          int full = warp.group.own(barrier.get(warp, lane));
          int x = (int) column.get(warp, lane);
          int y = (int) row.get(warp, lane);
          long groups = mask == null ? 1L << warp.group.rank : mask.get(warp, lane);
          for (PtxGroup group : warp.group.cluster.groups) {
            if ((groups >> group.rank & 1) != 0) {
              machine.later(
                  () -> {
                    matrix.copy(x, y, group.shared, target);
                    group.barrier(full).complete(matrix.bytes());
                  });
            }
          }
        });
  }

  /** Nothing is read or written before the program waits: what is overwritten until then shows. */
  private PtxProgram.Operation multiply(List<String> o) {
    int[] d =
        PtxKernel.split(PtxProgram.inner(o.getFirst())).stream()
            .mapToInt(kernel::register)
            .toArray();
    PtxProgram.Source a = program.source(o.get(1));
    PtxProgram.Source b = program.source(o.get(2));
    PtxProgram.Source add = program.source(o.get(3));
    if (!o.subList(4, 6).equals(List.of("1", "1"))) {
      throw new UnsupportedOperationException("operands with their sign turned");
    }
    return (warp, active) -> {
      warp.whole(active, "wgmma.mma_async");
      long left = a.get(warp, 0);
      long right = b.get(warp, 0);
      boolean adds = add.get(warp, 0) != 0;
      warp.products.add(() -> Wgmma.run(warp, d, left, right, adds));
      warp.open++;
    };
  }

  private void commit(PtxWarp warp, boolean[] active) {
    warp.whole(active, "wgmma.commit_group");
    warp.committed.add(warp.open);
    warp.open = 0;
  }

  private void finish(PtxWarp warp, boolean[] active, int left) {
    warp.whole(active, "wgmma.wait_group");
    while (warp.committed.size() > left) {
      for (int i = warp.committed.remove(); i > 0; i--) {
        warp.products.remove().run();
      }
    }
  }
}
