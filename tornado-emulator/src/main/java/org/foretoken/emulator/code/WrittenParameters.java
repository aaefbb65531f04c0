package org.foretoken.emulator.code;

import java.lang.classfile.CodeElement;
import java.lang.classfile.MethodModel;
import java.lang.classfile.Opcode;
import java.lang.classfile.instruction.ArrayStoreInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * Which of a kernel's array parameters it may write.
 *
 * <p>Arrays that nobody writes cannot be raced for, so the sanitizer need not note who reads them.
 */
final class WrittenParameters {
  private static final String CONTEXT = "uk/ac/manchester/tornado/api/KernelContext";
  private static final String ARRAYS = "uk/ac/manchester/tornado/api/types/arrays/";

  private final KernelCode code;
  private final Map<MethodKey, Set<Integer>> written = new HashMap<>();
  private boolean anything;
  private boolean changed;

  private WrittenParameters(KernelCode code) {
    this.code = code;
  }

  /** The positions of the parameters; all of them where the code does not tell. */
  static Set<Integer> of(KernelCode code) {
    WrittenParameters search = new WrittenParameters(code);
    do {
      search.changed = false;
      code.methods().forEach(search::scan);
    } while (search.changed);
    Set<Integer> result = search.written.getOrDefault(code.root(), new HashSet<>());
    if (search.anything) {
      for (int i = 0; i < code.root().type().parameterCount(); i++) {
        result.add(i);
      }
    }
    return result;
  }

  private void scan(MethodKey key, MethodModel method) {
    Provenance.visit(method, (element, stack) -> scan(key, element, stack));
  }

  private void scan(MethodKey key, CodeElement element, OperandStack stack) {
    switch (element) {
      case ArrayStoreInstruction _ -> write(key, stack.peek(2));
      case InvokeInstruction call -> {
        String owner = call.owner().asInternalName();
        String name = call.name().stringValue();
        int parameters = call.typeSymbol().parameterCount();
        if (owner.startsWith(ARRAYS) && !name.startsWith("get")) {
          write(key, stack.peek(parameters));
        } else if (owner.equals(CONTEXT)) {
          for (int i = 0; i < parameters; i++) {
            if (isTarget(name, i)) {
              write(key, stack.peek(parameters - 1 - i));
            }
          }
        } else if (call.opcode() == Opcode.INVOKESTATIC) {
          MethodKey callee = new MethodKey(owner, name, call.type().stringValue());
          for (int i : Set.copyOf(written.getOrDefault(callee, Set.of()))) {
            write(key, stack.peek(parameters - 1 - i));
          }
          anything |= !code.methods().containsKey(callee) && KernelCode.isProgram(owner);
        }
      }
      default -> {}
    }
  }

  /** Whether a method of the context writes to its i-th argument. */
  private static boolean isTarget(String name, int i) {
    return switch (name) {
      case "mmaStore", "mmaStoreInt" -> i == 1;
      case "atomicAdd", "asyncCopyToLocal" -> i == 0;
      default -> name.startsWith("swizzleStore") && i == 0;
    };
  }

  private void write(MethodKey key, Set<Value> targets) {
    for (Value target : targets) {
      switch (target) {
        case Value.Parameter(int index) ->
            changed |= written.computeIfAbsent(key, _ -> new HashSet<>()).add(index);
        case Value.Unknown _, Value.StaticField _ -> anything = true;
        case Value.Result(String owner, String _) -> anything |= !owner.equals(CONTEXT);
        case Value.Constant _, Value.PrivateArray _ -> {}
      }
    }
  }
}
