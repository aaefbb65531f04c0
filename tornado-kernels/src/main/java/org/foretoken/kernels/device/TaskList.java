package org.foretoken.kernels.device;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.foretoken.kernels.graph.Node;
import org.foretoken.kernels.graph.Tensor;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.WorkerGrid;
import uk.ac.manchester.tornado.api.WorkerGrid1D;
import uk.ac.manchester.tornado.api.WorkerGrid2D;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * The tasks of a graph while {@link DeviceDispatch} emits them, and the arrays of their operands.
 *
 * <p>A list without memory only measures: it hands out null arrays and notes how much scratch
 * memory each node asks for. Scratch memory belongs to one node and is reused by the next.
 */
final class TaskList {
  /** What kernels take where they need work item ids, local memory or barriers. */
  static final KernelContext CONTEXT = new KernelContext();

  private final DeviceMemory memory;
  private final SlotPlan slots;
  private final NodeFusion fusion;
  private final boolean tensorCores;
  private final GemmRoads roads;
  private final List<DeviceTask> tasks = new ArrayList<>();
  private final Map<ArrayType, List<Long>> scratch = new EnumMap<>(ArrayType.class);
  private final Map<ArrayType, Integer> scratchUsed = new EnumMap<>(ArrayType.class);
  private final Set<TornadoNativeArray> touched = new LinkedHashSet<>();
  private Node node;

  /** A list that only measures scratch memory. */
  static TaskList measuring(
      SlotPlan slots, NodeFusion fusion, boolean tensorCores, GemmRoads roads) {
    return new TaskList(null, slots, fusion, tensorCores, roads);
  }

  TaskList(
      DeviceMemory memory,
      SlotPlan slots,
      NodeFusion fusion,
      boolean tensorCores,
      GemmRoads roads) {
    this.memory = memory;
    this.slots = slots;
    this.fusion = fusion;
    this.tensorCores = tensorCores;
    this.roads = roads;
    for (ArrayType type : ArrayType.values()) {
      scratch.put(type, new ArrayList<>());
    }
  }

  /** Starts the tasks of {@code next}. */
  void begin(Node next) {
    node = next;
    scratchUsed.clear();
  }

  /** The node whose tasks are being emitted. */
  Node node() {
    return node;
  }

  /** Which nodes share a kernel. */
  NodeFusion fusion() {
    return fusion;
  }

  /** Whether kernels may use tensor cores. */
  boolean tensorCores() {
    return tensorCores;
  }

  /** What carries out which matrix product. */
  GemmRoads roads() {
    return roads;
  }

  /** All tasks in order. */
  List<DeviceTask> tasks() {
    return tasks;
  }

  /** Elements of each scratch array of a type. */
  List<Long> scratchSizes(ArrayType type) {
    return scratch.get(type);
  }

  /** Ends a task whose operands have been asked for since the last one. */
  void add(String kernel, WorkerGrid grid, DeviceTask.Code code) {
    tasks.add(new DeviceTask(kernel, node.index(), node.label(), grid, List.copyOf(touched), code));
    touched.clear();
  }

  /** Ends a task of parallel loops. */
  void add(String kernel, DeviceTask.Code code) {
    add(kernel, null, code);
  }

  /** The array of an F32 tensor. */
  FloatArray f32(Tensor tensor) {
    return (FloatArray) array(tensor);
  }

  /** The array of an I32 tensor. */
  IntArray i32(Tensor tensor) {
    return (IntArray) array(tensor);
  }

  /** The array of a BF16 or E5M6 tensor. */
  ShortArray shorts(Tensor tensor) {
    return (ShortArray) array(tensor);
  }

  /** The array of an E4M3 or E5M2 tensor. */
  ByteArray bytes(Tensor tensor) {
    return (ByteArray) array(tensor);
  }

  private TornadoNativeArray array(Tensor tensor) {
    if (memory == null) {
      return null;
    }
    TornadoNativeArray array =
        tensor.role().resident()
            ? memory.resident(tensor.name())
            : memory.shared(ArrayType.of(tensor.dtype()), slots.slot(tensor));
    touched.add(array);
    return array;
  }

  /** Notes that the next task touches arrays that an earlier task of the node asked for. */
  void touch(TornadoNativeArray... arrays) {
    for (TornadoNativeArray array : arrays) {
      if (array != null) {
        touched.add(array);
      }
    }
  }

  /** Scratch memory of the node, of {@code elements} floats, with undefined contents. */
  FloatArray scratchF32(long elements) {
    return (FloatArray) scratch(ArrayType.FLOAT, elements);
  }

  /** Scratch memory of the node, of {@code elements} ints, with undefined contents. */
  IntArray scratchI32(long elements) {
    return (IntArray) scratch(ArrayType.INT, elements);
  }

  /** Scratch memory of the node, of {@code elements} shorts, with undefined contents. */
  ShortArray scratchShorts(long elements) {
    return (ShortArray) scratch(ArrayType.SHORT, elements);
  }

  /** Scratch memory of the node, of {@code elements} bytes, with undefined contents. */
  ByteArray scratchBytes(long elements) {
    return (ByteArray) scratch(ArrayType.BYTE, elements);
  }

  private TornadoNativeArray scratch(ArrayType type, long elements) {
    int index = scratchUsed.merge(type, 1, Integer::sum) - 1;
    List<Long> sizes = scratch.get(type);
    if (memory == null) {
      if (index == sizes.size()) {
        sizes.add(elements);
      } else {
        sizes.set(index, Math.max(sizes.get(index), elements));
      }
      return null;
    }
    TornadoNativeArray array = memory.shared(type, slots.capacities(type).size() + index);
    touched.add(array);
    return array;
  }

  /** A table that never changes. */
  FloatArray constant(String key, Supplier<float[]> values) {
    if (memory == null) {
      return null;
    }
    FloatArray array = memory.constant(key, values);
    touched.add(array);
    return array;
  }

  /** At least {@code items} work items in groups of {@code group}. */
  static WorkerGrid items(long items, int group) {
    return groups((items + group - 1) / group, group);
  }

  /** {@code groups} work groups of {@code size} items. */
  static WorkerGrid groups(long groups, int size) {
    WorkerGrid grid = new WorkerGrid1D(Math.toIntExact(Math.max(1, groups) * size));
    grid.setLocalWork(size, 1, 1);
    return grid;
  }

  /** {@code x * y} work groups of {@code size} items, side by side along x. */
  static WorkerGrid groups(long x, long y, int size) {
    WorkerGrid grid =
        new WorkerGrid2D(Math.toIntExact(Math.max(1, x) * size), Math.toIntExact(Math.max(1, y)));
    grid.setLocalWork(size, 1, 1);
    return grid;
  }
}
