package org.foretoken.model.experiment;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Collection;
import org.foretoken.kernels.graph.Backend;
import org.foretoken.kernels.graph.Executable;
import org.foretoken.kernels.graph.Graph;
import org.foretoken.kernels.graph.Tensor;
import org.foretoken.model.mtp.MtpLoss;
import org.foretoken.model.mtp.MtpTargets;

/**
 * A device that is shown something wrong while MTP modules are trained: the controls of drafting.
 */
final class AlteredInputs implements Backend {
  /** What is wrong. */
  enum Fault {
    /** Modules learn to predict the token after their target. */
    SHIFTED_TARGETS,
    /** Modules are shown the token that they are to predict, as without a mask. */
    NO_MASK
  }

  private final Backend backend;
  private final Fault fault;
  private final int depth;

  /**
   * Wraps a device.
   *
   * @param depth number of MTP modules
   */
  AlteredInputs(Backend backend, Fault fault, int depth) {
    this.backend = backend;
    this.fault = fault;
    this.depth = depth;
  }

  @Override
  public void upload(String tensor, MemorySegment source) {
    for (int k = 1; k <= depth; k++) {
      if (tensor.equals(MtpLoss.targetsName(k))) {
        int[] targets = source.toArray(ValueLayout.JAVA_INT);
        switch (fault) {
          case SHIFTED_TARGETS -> {
            for (int i = 0; i < targets.length; i++) {
              boolean none = i + 1 == targets.length || targets[i] == MtpTargets.NONE;
              targets[i] = none ? MtpTargets.NONE : targets[i + 1];
            }
            backend.upload(tensor, MemorySegment.ofArray(targets));
          }
          case NO_MASK -> {
            backend.upload(tensor, source);
            for (int i = 0; i < targets.length; i++) {
              targets[i] = Math.max(0, targets[i]);
            }
            backend.upload(MtpLoss.idsName(k), MemorySegment.ofArray(targets));
          }
        }
        return;
      }
    }
    backend.upload(tensor, source);
  }

  @Override
  public String name() {
    return backend.name();
  }

  @Override
  public String description() {
    return backend.description();
  }

  @Override
  public Executable compile(Graph graph) {
    return backend.compile(graph);
  }

  @Override
  public void download(String tensor, MemorySegment target) {
    backend.download(tensor, target);
  }

  @Override
  public Collection<Tensor> residents() {
    return backend.residents();
  }

  @Override
  public void close() {
    backend.close();
  }
}
