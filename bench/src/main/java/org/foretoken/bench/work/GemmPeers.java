package org.foretoken.bench.work;

import java.lang.foreign.MemorySegment;
import java.util.Map;
import org.foretoken.bench.measure.NotMeasured;
import org.foretoken.bench.measure.Side;
import org.foretoken.bench.python.PythonPeer;
import org.foretoken.bench.suite.Peer;
import org.foretoken.bench.torch.LibTorch;
import org.foretoken.bench.torch.TorchGemm;

/** The same product by the peers. */
final class GemmPeers {
  private GemmPeers() {}

  static Side open(Peer peer, GemmWork work) {
    int[] e = work.extents();
    return switch (peer) {
      case PLAIN -> throw new NotMeasured(peer.label() + " is a way of decoding");
      case LIBTORCH, LIBTORCH_BF16 -> {
        boolean bf16 = peer == Peer.LIBTORCH_BF16;
        LibTorch.start(work.threads());
        MemorySegment out = work.arena().allocate(4L * e[0] * e[1], 64);
        TorchGemm gemm =
            new TorchGemm(work.layout(), bf16, work.left(), work.right(), out, e[0], e[1], e[2]);
        gemm.run();
        gemm.download(out);
        work.checkPeer(peer, out);
        yield Side.of(gemm, LibTorch::rest);
      }
      case TORCH_FP32, TORCH_BF16, TORCH_SCALED_MM, TORCH_COMPILED ->
          PythonPeer.open(
              Map.of(
                  "op",
                  "gemm",
                  "kind",
                  peer.label(),
                  "layout",
                  work.layout().name().toLowerCase(java.util.Locale.ROOT),
                  "m",
                  e[0],
                  "n",
                  e[1],
                  "k",
                  e[2]));
    };
  }
}
