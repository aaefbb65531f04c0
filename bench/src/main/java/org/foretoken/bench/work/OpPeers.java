package org.foretoken.bench.work;

import java.lang.foreign.MemorySegment;
import java.util.Map;
import org.foretoken.bench.measure.Side;
import org.foretoken.bench.python.PythonPeer;
import org.foretoken.bench.suite.BenchOp;
import org.foretoken.bench.suite.Peer;
import org.foretoken.bench.torch.LibTorch;
import org.foretoken.bench.torch.TorchOps;

/** Single operations by the peers. */
final class OpPeers {
  private OpPeers() {}

  static Side open(Peer peer, OpWork work) {
    return switch (peer) {
      case LIBTORCH -> libTorch(peer, work);
      case TORCH_COMPILED -> {
        int[] e = work.benchCase().extents();
        yield PythonPeer.open(
            Map.of(
                "op", work.benchCase().op().label(), "kind", peer.label(), "m", e[0], "k", e[1]));
      }
      default -> throw OpWork.noPeer(peer, work.benchCase());
    };
  }

  private static Side libTorch(Peer peer, OpWork work) {
    BenchOp op = work.benchCase().op();
    int[] e = work.benchCase().extents();
    LibTorch.start(work.threads());
    Runnable call =
        switch (op) {
          case QUANTIZE_1X128 -> {
            TorchOps.Quantize q = new TorchOps.Quantize(work.operand(0), e[0], e[1], 1, 128);
            checkCodes(peer, work, q);
            yield q;
          }
          case QUANTIZE_128X1 -> {
            TorchOps.Quantize q = new TorchOps.Quantize(work.operand(0), e[0], e[1], 128, 1);
            checkCodes(peer, work, q);
            yield q;
          }
          case QUANTIZE_128X128 -> {
            TorchOps.Quantize q = new TorchOps.Quantize(work.operand(0), e[0], e[1], 128, 128);
            checkCodes(peer, work, q);
            yield q;
          }
          case ATTENTION -> {
            TorchOps.Attention a =
                new TorchOps.Attention(
                    work.operand(0), work.operand(1), work.operand(2), e[0], e[1], e[2]);
            MemorySegment out = work.arena().allocate(4L * e[0] * e[1] * e[2], 64);
            a.run();
            a.download(out);
            work.checkPeer(peer, 0, out, 1e-3);
            yield a;
          }
          default -> throw OpWork.noPeer(peer, work.benchCase());
        };
    LibTorch.fastest(work.threads(), call);
    return Side.of(call, LibTorch::rest);
  }

  /** Dividing and multiplying by the reciprocal round differently: codes may be one apart. */
  private static void checkCodes(Peer peer, OpWork work, TorchOps.Quantize q) {
    int[] e = work.benchCase().extents();
    MemorySegment codes = work.arena().allocate((long) e[0] * e[1], 64);
    q.run();
    q.download(codes);
    work.checkPeer(peer, 0, codes, 0.08);
  }
}
