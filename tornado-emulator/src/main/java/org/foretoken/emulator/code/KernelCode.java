package org.foretoken.emulator.code;

import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeElement;
import java.lang.classfile.MethodModel;
import java.lang.classfile.Opcode;
import java.lang.classfile.instruction.FieldInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.reflect.Method;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import uk.ac.manchester.tornado.api.exceptions.TornadoTaskRuntimeException;

/**
 * A kernel's code: the task's method and every static method of the program that it calls, directly
 * or not. That is what TornadoVM inlines into one kernel.
 */
public final class KernelCode {
  private static final String CONTEXT = "uk/ac/manchester/tornado/api/KernelContext";

  private static final Set<String> WAITING =
      Set.of(
          "localBarrier",
          "globalBarrier",
          "simdSum",
          "simdShuffleDown",
          "simdBroadcastFirst",
          "mmaStore",
          "mmaStoreInt");

  private final MethodKey root;
  private final ClassFiles files;
  private final Map<MethodKey, MethodModel> methods = new LinkedHashMap<>();
  private final Set<FieldKey> staticFields = new LinkedHashSet<>();
  private final Set<String> contextCalls = new LinkedHashSet<>();
  private ParameterAccess access;

  /**
   * A static field that the kernel reads.
   *
   * @param owner internal name of the class
   * @param name name of the field
   * @param descriptor its type
   */
  public record FieldKey(String owner, String name, String descriptor) {}

  private KernelCode(MethodKey root, ClassFiles files) {
    this.root = root;
    this.files = files;
  }

  /** The code that is reached from a method. */
  public static KernelCode of(Method method) {
    ClassFiles files = new ClassFiles(method.getDeclaringClass().getClassLoader());
    KernelCode code = new KernelCode(MethodKey.of(method), files);
    code.collect();
    return code;
  }

  /** The task's method. */
  public MethodKey root() {
    return root;
  }

  /** Where the class files come from. */
  public ClassFiles files() {
    return files;
  }

  /** All methods, the task's first. */
  public Map<MethodKey, MethodModel> methods() {
    return methods;
  }

  /** The classes that have these methods. */
  public List<String> owners() {
    return methods.keySet().stream().map(MethodKey::owner).distinct().toList();
  }

  /** The static fields of the program that the kernel uses. */
  public Set<FieldKey> staticFields() {
    return staticFields;
  }

  /** Whether a work item may have to wait for others. */
  public boolean waits() {
    return contextCalls.stream().anyMatch(WAITING::contains);
  }

  /** Whether work items add to shared memory, so that their order shows in FP32 sums. */
  public boolean usesAtomics() {
    return contextCalls.contains("atomicAdd");
  }

  /** The positions of the array parameters that the kernel may write. */
  public Set<Integer> writtenParameters() {
    return access().written();
  }

  /**
   * The positions of the array parameters that the kernel only writes, so that TornadoVM does not
   * transfer them to the device even if it is told to.
   */
  public Set<Integer> onlyWrittenParameters() {
    return access().onlyWritten();
  }

  private ParameterAccess access() {
    if (access == null) {
      access = ParameterAccess.of(this);
    }
    return access;
  }

  /** Whether the class belongs to the program, rather than to the JDK, the API or the emulator. */
  public static boolean isProgram(String internalName) {
    return !internalName.startsWith("java/")
        && !internalName.startsWith("javax/")
        && !internalName.startsWith("jdk/")
        && !internalName.startsWith("[")
        && !internalName.startsWith("uk/ac/manchester/tornado/api/")
        && !internalName.startsWith("org/foretoken/emulator/exec/")
        && !internalName.startsWith("org/foretoken/emulator/sanitizer/");
  }

  private void collect() {
    Deque<MethodKey> open = new ArrayDeque<>(List.of(root));
    while (!open.isEmpty()) {
      MethodKey key = open.remove();
      Optional<MethodModel> found = methods.containsKey(key) ? Optional.empty() : find(key);
      if (found.isPresent()) {
        methods.put(key, found.get());
        for (CodeElement element : found.get().code().orElseThrow()) {
          visit(element, open);
        }
      }
    }
    if (methods.isEmpty()) {
      throw new TornadoTaskRuntimeException(
          "kernel " + root.shortName() + ": expected its class file on the class path, found none");
    }
  }

  private void visit(CodeElement element, Deque<MethodKey> open) {
    switch (element) {
      case InvokeInstruction call -> {
        String owner = call.owner().asInternalName();
        if (call.opcode() == Opcode.INVOKESTATIC && isProgram(owner)) {
          open.add(new MethodKey(owner, call.name().stringValue(), call.type().stringValue()));
        } else if (owner.equals(CONTEXT)) {
          contextCalls.add(call.name().stringValue());
        }
      }
      case FieldInstruction access
          when access.opcode() == Opcode.GETSTATIC || access.opcode() == Opcode.PUTSTATIC -> {
        String owner = access.owner().asInternalName();
        if (isProgram(owner)) {
          staticFields.add(
              new FieldKey(owner, access.name().stringValue(), access.type().stringValue()));
        }
      }
      default -> {}
    }
  }

  private Optional<MethodModel> find(MethodKey key) {
    Optional<ClassModel> owner = files.find(key.owner());
    return owner.flatMap(
        model ->
            model.methods().stream()
                .filter(m -> m.methodName().equalsString(key.name()))
                .filter(m -> m.methodType().equalsString(key.descriptor()))
                .filter(m -> m.code().isPresent())
                .findFirst());
  }
}
