package org.foretoken.kernels.reference;

import java.lang.foreign.MemorySegment;
import java.util.Collection;
import org.foretoken.kernels.graph.Backend;
import org.foretoken.kernels.graph.Executable;
import org.foretoken.kernels.graph.Graph;
import org.foretoken.kernels.graph.MemoryPlan;
import org.foretoken.kernels.graph.Node;
import org.foretoken.kernels.graph.Tensor;

/**
 * The reference with one wrong operation: the node of a given label adds 10 to its first result.
 */
final class Bent implements Backend {
  private final ReferenceBackend backend = new ReferenceBackend();
  private final String label;

  Bent(String label) {
    this.label = label;
  }

  @Override
  public String name() {
    return "bent";
  }

  @Override
  public String description() {
    return "reference, wrong at " + label;
  }

  @Override
  public Executable compile(Graph graph) {
    ReferenceExecutable executable = backend.compile(graph);
    return new Executable() {
      @Override
      public Graph graph() {
        return graph;
      }

      @Override
      public void run() {
        executable.run();
        for (Node node : graph.nodes()) {
          if (node.label().equals(label)) {
            backend.values(node.out(0).name())[0] += 10;
          }
        }
      }

      @Override
      public MemoryPlan memoryPlan() {
        return executable.memoryPlan();
      }

      @Override
      public long[] nodeNanos() {
        return executable.nodeNanos();
      }
    };
  }

  @Override
  public void upload(String tensor, MemorySegment source) {
    backend.upload(tensor, source);
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
