package org.foretoken.kernels.device;

import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.graph.Node;
import org.foretoken.kernels.kernel.AddElements;
import org.foretoken.kernels.kernel.CastFromBf16;
import org.foretoken.kernels.kernel.CastToBf16;
import org.foretoken.kernels.kernel.ColumnConcat;
import org.foretoken.kernels.kernel.ColumnSplit;
import org.foretoken.kernels.kernel.SwiGluBackward;
import org.foretoken.kernels.kernel.SwiGluForward;
import org.foretoken.kernels.kernel.ZeroFill;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/** Tasks of the operations that treat each element for itself. */
final class ElementwiseTasks {
  private ElementwiseTasks() {}

  static void add(Node node, TaskList tasks) {
    FloatArray a = tasks.f32(node.in(0));
    FloatArray b = tasks.f32(node.in(1));
    FloatArray y = tasks.f32(node.out(0));
    int n = elements(node);
    tasks.add("addElements", (g, id) -> g.task(id, AddElements::addElements, a, b, y, n));
  }

  static void cast(Node node, TaskList tasks) {
    int n = elements(node);
    if (node.out(0).dtype() == DType.BF16) {
      FloatArray x = tasks.f32(node.in(0));
      ShortArray y = tasks.shorts(node.out(0));
      tasks.add("castToBf16", (g, id) -> g.task(id, CastToBf16::castToBf16, x, y, n));
      return;
    }
    ShortArray x = tasks.shorts(node.in(0));
    FloatArray y = tasks.f32(node.out(0));
    tasks.add("castFromBf16", (g, id) -> g.task(id, CastFromBf16::castFromBf16, x, y, n));
  }

  static void zero(Node node, TaskList tasks) {
    FloatArray y = tasks.f32(node.out(0));
    int n = elements(node);
    tasks.add("zeroFill", (g, id) -> g.task(id, ZeroFill::zeroFill, y, n));
  }

  static void swiGlu(Node node, TaskList tasks) {
    if (tasks.fusion().isAbsorbed(node)) {
      return; // the quantizer computes it
    }
    FloatArray gate = tasks.f32(node.in(0));
    FloatArray up = tasks.f32(node.in(1));
    FloatArray y = tasks.f32(node.out(0));
    int n = elements(node);
    tasks.add("swiGluForward", (g, id) -> g.task(id, SwiGluForward::swiGluForward, gate, up, y, n));
  }

  static void swiGluGrad(Node node, TaskList tasks) {
    FloatArray gate = tasks.f32(node.in(0));
    FloatArray up = tasks.f32(node.in(1));
    FloatArray dy = tasks.f32(node.in(2));
    FloatArray dGate = tasks.f32(node.out(0));
    FloatArray dUp = tasks.f32(node.out(1));
    int n = elements(node);
    tasks.add(
        "swiGluBackward",
        (g, id) -> g.task(id, SwiGluBackward::swiGluBackward, gate, up, dy, dGate, dUp, n));
  }

  static void concat(Node node, TaskList tasks) {
    FloatArray a = tasks.f32(node.in(0));
    FloatArray b = tasks.f32(node.in(1));
    FloatArray y = tasks.f32(node.out(0));
    int rows = node.in(0).rows();
    int aColumns = node.in(0).columns();
    int bColumns = node.in(1).columns();
    tasks.add(
        "columnConcat",
        (g, id) -> g.task(id, ColumnConcat::columnConcat, a, b, y, rows, aColumns, bColumns));
  }

  static void split(Node node, TaskList tasks) {
    FloatArray y = tasks.f32(node.in(0));
    FloatArray a = tasks.f32(node.out(0));
    FloatArray b = tasks.f32(node.out(1));
    int rows = node.in(0).rows();
    int aColumns = node.out(0).columns();
    int bColumns = node.out(1).columns();
    tasks.add(
        "columnSplit",
        (g, id) -> g.task(id, ColumnSplit::columnSplit, y, a, b, rows, aColumns, bColumns));
  }

  /** Elements of the node's first output, within what a kernel can index. */
  private static int elements(Node node) {
    return Math.toIntExact(node.out(0).shape().elements());
  }
}
