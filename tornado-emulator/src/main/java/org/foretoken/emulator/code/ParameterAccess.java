package org.foretoken.emulator.code;

import java.lang.classfile.CodeElement;
import java.lang.classfile.MethodModel;
import java.lang.classfile.Opcode;
import java.lang.classfile.instruction.ArrayLoadInstruction;
import java.lang.classfile.instruction.ArrayStoreInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * What a kernel does to its array parameters, as far as its code tells.
 *
 * <p>Two uses: arrays that nobody writes cannot be raced for; and TornadoVM does not carry out the
 * transfer of an array that a kernel only writes, see {@link #onlyWritten}.
 */
final class ParameterAccess {
  private static final String CONTEXT = "uk/ac/manchester/tornado/api/KernelContext";
  private static final String ARRAYS = "uk/ac/manchester/tornado/api/types/arrays/";

  private enum Access {
    READ,
    WRITE,
    /** A write that some work items may not make, or that comes after a loop. */
    MAYBE_WRITE
  }

  private final KernelCode code;
  private final Map<MethodKey, Map<Integer, Set<Access>>> accesses = new HashMap<>();
  private boolean anythingRead;
  private boolean anythingWritten;
  private boolean changed;

  private MethodKey key;
  private Unconditional unconditional;

  private ParameterAccess(KernelCode code) {
    this.code = code;
  }

  static ParameterAccess of(KernelCode code) {
    ParameterAccess access = new ParameterAccess(code);
    do {
      access.changed = false;
      code.methods().forEach(access::scan);
    } while (access.changed);
    return access;
  }

  /** The positions of the parameters that may be written. */
  Set<Integer> written() {
    return select(anythingWritten, Access.WRITE, Access.MAYBE_WRITE);
  }

  /**
   * The positions of the parameters that every work item writes and none reads.
   *
   * <p>TornadoVM 5.2.0 takes such an array for an output and leaves out its transfer to the device,
   * also where the kernel leaves some elements alone. It was seen to do so when all writes come
   * ahead of any (not parallel) loop and are under no condition; with a loop ahead, or under a
   * plain if, the transfer takes place.
   */
  Set<Integer> onlyWritten() {
    if (anythingRead) {
      return Set.of();
    }
    Set<Integer> result = select(false, Access.WRITE);
    result.removeAll(select(false, Access.READ, Access.MAYBE_WRITE));
    return result;
  }

  private Set<Integer> select(boolean all, Access... wanted) {
    Set<Integer> result = new HashSet<>();
    accesses
        .getOrDefault(code.root(), Map.of())
        .forEach(
            (parameter, found) -> {
              for (Access access : wanted) {
                if (found.contains(access)) {
                  result.add(parameter);
                }
              }
            });
    if (all) {
      IntStream.range(0, code.root().type().parameterCount()).forEach(result::add);
    }
    return result;
  }

  private void scan(MethodKey method, MethodModel model) {
    key = method;
    unconditional = new Unconditional(model);
    Provenance.visit(model, this::scan);
  }

  private void scan(CodeElement element, OperandStack stack) {
    unconditional.pass(element);
    switch (element) {
      case ArrayLoadInstruction _ -> note(stack.peek(1), Access.READ);
      case ArrayStoreInstruction _ -> write(stack.peek(2));
      case InvokeInstruction call -> call(call, stack);
      default -> {}
    }
  }

  private void call(InvokeInstruction call, OperandStack stack) {
    String owner = call.owner().asInternalName();
    String name = call.name().stringValue();
    int count = call.typeSymbol().parameterCount();
    if (owner.startsWith(ARRAYS)) {
      if (!name.startsWith("get")) {
        write(stack.peek(count));
      } else if (!name.equals("getSize")) {
        note(stack.peek(count), Access.READ);
      }
    } else if (owner.equals(CONTEXT)) {
      for (int i = 0; i < count; i++) {
        contextArgument(name, i, stack.peek(count - 1 - i));
      }
    } else if (call.opcode() == Opcode.INVOKESTATIC && KernelCode.isProgram(owner)) {
      MethodKey callee = new MethodKey(owner, name, call.type().stringValue());
      if (code.methods().containsKey(callee)) {
        passOn(callee, count, stack);
      } else {
        anythingRead = true;
        anythingWritten = true;
      }
    }
  }

  private void contextArgument(String name, int i, Set<Value> argument) {
    switch (name) {
      case "mmaStore", "mmaStoreInt" -> {
        if (i == 1) {
          note(argument, Access.MAYBE_WRITE);
        }
      }
      case "atomicAdd" -> {
        if (i == 0) {
          note(argument, Access.READ);
          note(argument, Access.MAYBE_WRITE);
        }
      }
      case "asyncCopyToLocal" -> note(argument, i == 0 ? Access.MAYBE_WRITE : Access.READ);
      default -> note(argument, i == 0 && name.contains("Store") ? Access.WRITE : Access.READ);
    }
  }

  private void passOn(MethodKey callee, int count, OperandStack stack) {
    Map<Integer, Set<Access>> known = accesses.getOrDefault(callee, Map.of());
    for (int i = 0; i < count; i++) {
      for (Access access : Set.copyOf(known.getOrDefault(i, Set.of()))) {
        if (access == Access.WRITE) {
          write(stack.peek(count - 1 - i));
        } else {
          note(stack.peek(count - 1 - i), access);
        }
      }
    }
  }

  private void write(Set<Value> arrays) {
    note(arrays, unconditional.here() ? Access.WRITE : Access.MAYBE_WRITE);
  }

  private void note(Set<Value> arrays, Access access) {
    for (Value array : arrays) {
      switch (array) {
        case Value.Parameter(int index) ->
            changed |=
                accesses
                    .computeIfAbsent(key, _ -> new HashMap<>())
                    .computeIfAbsent(index, _ -> new HashSet<>())
                    .add(access);
        case Value.Unknown _, Value.StaticField _ -> anything(access);
        case Value.Result(String owner, String _) -> {
          if (!owner.equals(CONTEXT)) {
            anything(access);
          }
        }
        default -> {}
      }
    }
  }

  private void anything(Access access) {
    if (access == Access.READ) {
      anythingRead = true;
    } else {
      anythingWritten = true;
    }
  }
}
