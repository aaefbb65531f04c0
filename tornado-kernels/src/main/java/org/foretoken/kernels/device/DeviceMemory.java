package org.foretoken.kernels.device;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.foretoken.kernels.graph.Graph;
import org.foretoken.kernels.graph.GraphException;
import org.foretoken.kernels.graph.Role;
import org.foretoken.kernels.graph.Tensor;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * The arrays of a backend: one for each resident tensor and each constant table, and arrays that
 * the transients and the kernels' scratch memory of all graphs share.
 */
final class DeviceMemory {
  private final Map<String, Tensor> tensors = new LinkedHashMap<>();
  private final Map<String, TornadoNativeArray> residents = new LinkedHashMap<>();
  private final Map<String, FloatArray> constants = new LinkedHashMap<>();
  private final Map<ArrayType, List<Long>> capacities = new EnumMap<>(ArrayType.class);
  private final Map<ArrayType, List<TornadoNativeArray>> shared = new EnumMap<>(ArrayType.class);

  private final Set<Integer> hashCodes = new HashSet<>();

  DeviceMemory() {
    for (ArrayType type : ArrayType.values()) {
      capacities.put(type, new ArrayList<>());
      shared.put(type, new ArrayList<>());
    }
  }

  /**
   * A new array whose identity hash code no other array has: TornadoVM takes arrays of equal hash
   * code for the same one.
   */
  private TornadoNativeArray allocate(ArrayType type, String what, long elements) {
    TornadoNativeArray array = type.allocate(what, elements);
    while (!hashCodes.add(array.hashCode())) {
      array = type.allocate(what, elements);
    }
    return array;
  }

  /** Allocates host arrays for the resident tensors of {@code graph} that are not there yet. */
  void declare(String backend, Graph graph) {
    for (Tensor tensor : graph.tensors()) {
      if (!tensor.role().resident()) {
        continue;
      }
      Tensor known = tensors.putIfAbsent(tensor.name(), tensor);
      if (known == null) {
        residents.put(
            tensor.name(),
            allocate(
                ArrayType.of(tensor.dtype()),
                "tensor '" + tensor + "'",
                tensor.shape().elements()));
      } else if (known.dtype() != tensor.dtype() || !known.shape().equals(tensor.shape())) {
        throw new GraphException(
            backend
                + ": graph '"
                + graph.name()
                + "': resident tensor '"
                + tensor
                + "' expected to be "
                + known.dtype()
                + known.shape()
                + " as in a graph compiled before");
      }
    }
  }

  /** Makes room for {@code wanted} arrays of the given sizes, in this order. */
  void reserve(ArrayType type, List<Long> wanted) {
    List<Long> have = capacities.get(type);
    for (int i = 0; i < wanted.size(); i++) {
      if (i == have.size()) {
        have.add(wanted.get(i));
      } else {
        have.set(i, Math.max(have.get(i), wanted.get(i)));
      }
    }
  }

  /** Allocates the shared arrays anew where one has to be larger than it is. */
  void allocateShared() {
    for (ArrayType type : ArrayType.values()) {
      List<TornadoNativeArray> arrays = shared.get(type);
      List<Long> wanted = capacities.get(type);
      for (int i = 0; i < wanted.size(); i++) {
        long elements = wanted.get(i);
        if (i == arrays.size()) {
          arrays.add(allocate(type, "transient array", elements));
        } else if (arrays.get(i).getSize() < elements) {
          arrays.set(i, allocate(type, "transient array", elements));
        }
      }
    }
  }

  /** The {@code index}-th shared array of a type. */
  TornadoNativeArray shared(ArrayType type, int index) {
    return shared.get(type).get(index);
  }

  /** The array of a resident tensor. */
  TornadoNativeArray resident(String name) {
    return residents.get(name);
  }

  /** A table that never changes, computed once. */
  FloatArray constant(String key, Supplier<float[]> values) {
    return constants.computeIfAbsent(
        key,
        k -> {
          float[] table = values.get();
          FloatArray array = (FloatArray) allocate(ArrayType.FLOAT, "table " + key, table.length);
          MemorySegment.copy(
              MemorySegment.ofArray(table), 0, array.getSegment(), 0, 4L * table.length);
          return array;
        });
  }

  /** The resident tensors by name. */
  Map<String, Tensor> tensors() {
    return tensors;
  }

  /** Arrays whose host contents go to the device once: residents but inputs, and constants. */
  Collection<TornadoNativeArray> uploaded() {
    Set<TornadoNativeArray> all = new LinkedHashSet<>();
    residents.forEach(
        (name, array) -> {
          if (tensors.get(name).role() != Role.INPUT) {
            all.add(array);
          }
        });
    all.addAll(constants.values());
    return all;
  }

  /** Arrays that the device may have changed and the host may ask for. */
  Collection<TornadoNativeArray> downloadable() {
    List<TornadoNativeArray> all = new ArrayList<>();
    residents.forEach(
        (name, array) -> {
          if (tensors.get(name).role() != Role.INPUT) {
            all.add(array);
          }
        });
    return all;
  }

  /** The shared arrays, which only the device ever reads and writes. */
  Collection<TornadoNativeArray> scratch() {
    List<TornadoNativeArray> all = new ArrayList<>();
    shared.values().forEach(all::addAll);
    return all;
  }

  /** Arrays that are written by the host before each run. */
  Set<TornadoNativeArray> inputs() {
    Set<TornadoNativeArray> all = new LinkedHashSet<>();
    residents.forEach(
        (name, array) -> {
          if (tensors.get(name).role() == Role.INPUT) {
            all.add(array);
          }
        });
    return all;
  }
}
