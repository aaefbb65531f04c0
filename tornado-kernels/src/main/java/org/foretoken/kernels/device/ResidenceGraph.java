package org.foretoken.kernels.device;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import org.foretoken.kernels.kernel.Residence;
import uk.ac.manchester.tornado.api.GridScheduler;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * A task graph that owns arrays of a plan; the others consume from it. It computes nothing.
 *
 * <p>A plan needs several, since TornadoVM's graphs hold at most 1024 nodes, and an array takes
 * three.
 */
final class ResidenceGraph {
  /** Arrays of one graph: with its tasks, below 1024 nodes. */
  private static final int MOST_ARRAYS = 256;

  private final String name;
  private final TaskGraph graph;
  private final List<TornadoNativeArray> arrays;

  /**
   * Builds the graph.
   *
   * @param uploaded arrays whose host contents go to the device at the first execution
   * @param scratch arrays that are only allocated
   * @param grids where the grids of its tasks are noted
   */
  private ResidenceGraph(
      String name,
      List<TornadoNativeArray> uploaded,
      List<TornadoNativeArray> scratch,
      GridScheduler grids) {
    this.name = name;
    graph = new TaskGraph(name);
    if (!uploaded.isEmpty()) {
      graph.transferToDevice(DataTransferMode.FIRST_EXECUTION, uploaded.toArray());
    }
    arrays = new ArrayList<>(uploaded);
    arrays.addAll(scratch);
    IntArray never = new IntArray(1);
    int task = 0;
    for (ArrayType type : ArrayType.values()) {
      List<TornadoNativeArray> typed =
          arrays.stream().filter(a -> ArrayType.of(a) == type).toList();
      for (int first = 0; first < typed.size(); first += Residence.ARRAYS) {
        String id = "hold" + task++;
        hold(graph, id, type, never, typed, first);
        grids.addWorkerGrid(name + "." + id, TaskList.groups(1, 1));
      }
    }
    graph.persistOnDevice(arrays.toArray());
  }

  /** As many graphs as it takes for all arrays. */
  static List<ResidenceGraph> of(
      Collection<TornadoNativeArray> uploaded,
      Collection<TornadoNativeArray> scratch,
      GridScheduler grids) {
    Set<TornadoNativeArray> fromHost = Collections.newSetFromMap(new IdentityHashMap<>());
    fromHost.addAll(uploaded);
    List<TornadoNativeArray> all = new ArrayList<>(uploaded);
    all.addAll(scratch);
    List<ResidenceGraph> graphs = new ArrayList<>();
    for (int first = 0; first < all.size(); first += MOST_ARRAYS) {
      List<TornadoNativeArray> some = all.subList(first, Math.min(first + MOST_ARRAYS, all.size()));
      graphs.add(
          new ResidenceGraph(
              "residence" + graphs.size(),
              some.stream().filter(fromHost::contains).toList(),
              some.stream().filter(a -> !fromHost.contains(a)).toList(),
              grids));
    }
    return graphs;
  }

  /** Name under which other graphs consume its arrays. */
  String name() {
    return name;
  }

  TaskGraph graph() {
    return graph;
  }

  /** The arrays that it owns. */
  List<TornadoNativeArray> arrays() {
    return arrays;
  }

  /** Adds a task for the arrays from {@code first} on; the last one fills up the places. */
  private static void hold(
      TaskGraph graph,
      String id,
      ArrayType type,
      IntArray never,
      List<TornadoNativeArray> arrays,
      int first) {
    TornadoNativeArray[] x = new TornadoNativeArray[Residence.ARRAYS];
    for (int i = 0; i < x.length; i++) {
      x[i] = arrays.get(Math.min(first + i, arrays.size() - 1));
    }
    switch (type) {
      case FLOAT ->
          graph.task(
              id,
              Residence::holdFloats,
              TaskList.CONTEXT,
              never,
              (FloatArray) x[0],
              (FloatArray) x[1],
              (FloatArray) x[2],
              (FloatArray) x[3],
              (FloatArray) x[4],
              (FloatArray) x[5],
              (FloatArray) x[6],
              (FloatArray) x[7],
              (FloatArray) x[8],
              (FloatArray) x[9],
              (FloatArray) x[10],
              (FloatArray) x[11],
              (FloatArray) x[12],
              (FloatArray) x[13],
              (FloatArray) x[14],
              (FloatArray) x[15]);
      case INT ->
          graph.task(
              id,
              Residence::holdInts,
              TaskList.CONTEXT,
              never,
              (IntArray) x[0],
              (IntArray) x[1],
              (IntArray) x[2],
              (IntArray) x[3],
              (IntArray) x[4],
              (IntArray) x[5],
              (IntArray) x[6],
              (IntArray) x[7],
              (IntArray) x[8],
              (IntArray) x[9],
              (IntArray) x[10],
              (IntArray) x[11],
              (IntArray) x[12],
              (IntArray) x[13],
              (IntArray) x[14],
              (IntArray) x[15]);
      case SHORT ->
          graph.task(
              id,
              Residence::holdShorts,
              TaskList.CONTEXT,
              never,
              (ShortArray) x[0],
              (ShortArray) x[1],
              (ShortArray) x[2],
              (ShortArray) x[3],
              (ShortArray) x[4],
              (ShortArray) x[5],
              (ShortArray) x[6],
              (ShortArray) x[7],
              (ShortArray) x[8],
              (ShortArray) x[9],
              (ShortArray) x[10],
              (ShortArray) x[11],
              (ShortArray) x[12],
              (ShortArray) x[13],
              (ShortArray) x[14],
              (ShortArray) x[15]);
      case BYTE ->
          graph.task(
              id,
              Residence::holdBytes,
              TaskList.CONTEXT,
              never,
              (ByteArray) x[0],
              (ByteArray) x[1],
              (ByteArray) x[2],
              (ByteArray) x[3],
              (ByteArray) x[4],
              (ByteArray) x[5],
              (ByteArray) x[6],
              (ByteArray) x[7],
              (ByteArray) x[8],
              (ByteArray) x[9],
              (ByteArray) x[10],
              (ByteArray) x[11],
              (ByteArray) x[12],
              (ByteArray) x[13],
              (ByteArray) x[14],
              (ByteArray) x[15]);
    }
  }
}
