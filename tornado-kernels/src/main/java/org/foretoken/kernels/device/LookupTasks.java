package org.foretoken.kernels.device;

import org.foretoken.kernels.graph.Node;
import org.foretoken.kernels.kernel.CacheScatter;
import org.foretoken.kernels.kernel.EmbeddingLookup;
import org.foretoken.kernels.kernel.EmbeddingScatter;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Tasks of the operations that choose rows by index. */
final class LookupTasks {
  private LookupTasks() {}

  static void embedding(Node node, TaskList tasks) {
    IntArray ids = tasks.i32(node.in(0));
    FloatArray table = tasks.f32(node.in(1));
    FloatArray y = tasks.f32(node.out(0));
    int rows = node.out(0).rows();
    int columns = node.out(0).columns();
    tasks.add(
        "embeddingLookup",
        (g, id) -> g.task(id, EmbeddingLookup::embeddingLookup, ids, table, y, rows, columns));
  }

  static void embeddingGrad(Node node, TaskList tasks) {
    IntArray ids = tasks.i32(node.in(0));
    FloatArray dy = tasks.f32(node.in(1));
    FloatArray dTable = tasks.f32(node.out(0));
    int rows = node.in(1).rows();
    int columns = node.in(1).columns();
    tasks.add(
        "embeddingScatter",
        TaskList.groups(rows, EmbeddingScatter.GROUP),
        (g, id) ->
            g.task(
                id,
                EmbeddingScatter::embeddingScatter,
                TaskList.CONTEXT,
                ids,
                dy,
                dTable,
                rows,
                columns));
  }

  static void cacheAppend(Node node, TaskList tasks) {
    FloatArray x = tasks.f32(node.in(0));
    IntArray slots = tasks.i32(node.in(1));
    FloatArray cache = tasks.f32(node.out(0));
    int rows = node.in(0).rows();
    int columns = node.in(0).columns();
    tasks.add(
        "cacheScatter",
        (g, id) -> g.task(id, CacheScatter::cacheScatter, x, slots, cache, rows, columns));
  }
}
