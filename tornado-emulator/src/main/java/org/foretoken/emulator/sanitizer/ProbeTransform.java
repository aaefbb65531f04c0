package org.foretoken.emulator.sanitizer;

import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.Label;
import java.lang.classfile.MethodModel;
import java.lang.classfile.TypeKind;
import java.lang.classfile.attribute.CodeAttribute;
import java.lang.classfile.instruction.ArrayLoadInstruction;
import java.lang.classfile.instruction.ArrayStoreInstruction;
import java.lang.classfile.instruction.IncrementInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.LabelTarget;
import java.lang.classfile.instruction.LineNumber;
import java.lang.classfile.instruction.LocalVariable;
import java.lang.classfile.instruction.StoreInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import org.foretoken.emulator.code.ParallelLoops;

/** Puts probes around the memory accesses, barriers and parallel loops of one method. */
final class ProbeTransform implements CodeTransform {
  private static final String CONTEXT = "uk/ac/manchester/tornado/api/KernelContext";
  private static final String ARRAYS = "uk/ac/manchester/tornado/api/types/arrays/";
  private static final ClassDesc PROBE = ClassDesc.of(Probe.class.getName());
  private static final ClassDesc ARRAY_PROBE = ClassDesc.of(ArrayProbe.class.getName());

  private static final MethodTypeDesc READ =
      MethodTypeDesc.of(ConstantDescs.CD_void, ConstantDescs.CD_Object, ConstantDescs.CD_int);
  private static final MethodTypeDesc ON_INT =
      MethodTypeDesc.of(ConstantDescs.CD_void, ConstantDescs.CD_int);
  private static final MethodTypeDesc ON_TWO_INTS =
      MethodTypeDesc.of(ConstantDescs.CD_void, ConstantDescs.CD_int, ConstantDescs.CD_int);
  private static final MethodTypeDesc NAMED =
      MethodTypeDesc.of(ConstantDescs.CD_void, ConstantDescs.CD_Object, ConstantDescs.CD_String);

  private static final Set<String> ACCESSORS =
      Set.of(
          "get",
          "set",
          "getFloat",
          "setFloat",
          "getE4M3",
          "setE4M3",
          "getE5M2",
          "setE5M2",
          "getHalfFloat",
          "setHalfFloat",
          "getHalf2",
          "setHalf2");

  private final List<ParallelLoops.Loop> loops;
  private final List<ParallelLoops.Loop> open = new ArrayList<>();
  private final Deque<String> localNames;
  private int line;

  ProbeTransform(MethodModel method) {
    loops = ParallelLoops.of(method);
    localNames = localNames((CodeAttribute) method.code().orElseThrow());
  }

  @Override
  public void accept(CodeBuilder builder, CodeElement element) {
    switch (element) {
      case LineNumber number -> {
        line = number.line();
        builder.with(number);
      }
      case LabelTarget target -> label(builder, target);
      case ArrayLoadInstruction load -> {
        builder.dup2().invokestatic(PROBE, "read", READ);
        builder.with(load);
      }
      case ArrayStoreInstruction store ->
          builder.invokestatic(PROBE, "store", storeType(store.typeKind()));
      case IncrementInstruction increment -> {
        builder.with(increment);
        next(builder, increment.slot());
      }
      case StoreInstruction store -> {
        builder.with(store);
        next(builder, store.slot());
      }
      case InvokeInstruction call -> call(builder, call);
      default -> builder.with(element);
    }
  }

  private void label(CodeBuilder builder, LabelTarget target) {
    for (ParallelLoops.Loop loop : loops) {
      if (loop.start() == target.label()) {
        // Ahead of the label, so that only falling into the loop comes here, not jumping back.
        builder.iload(loop.slot()).loadConstant(loop.dimension());
        builder.invokestatic(PROBE, "loopBegins", ON_TWO_INTS);
        open.add(loop);
      }
    }
    builder.with(target);
    for (ParallelLoops.Loop loop : loops.reversed()) {
      if (loop.end() == target.label()) {
        builder.loadConstant(loop.dimension()).invokestatic(PROBE, "loopEnds", ON_INT);
        open.remove(loop);
      }
    }
  }

  private void next(CodeBuilder builder, int slot) {
    for (ParallelLoops.Loop loop : open) {
      if (loop.slot() == slot) {
        builder.iload(slot).loadConstant(loop.dimension());
        builder.invokestatic(PROBE, "loopNext", ON_TWO_INTS);
      }
    }
  }

  private void call(CodeBuilder builder, InvokeInstruction call) {
    String owner = call.owner().asInternalName();
    String name = call.name().stringValue();
    if (owner.startsWith(ARRAYS) && ACCESSORS.contains(name)) {
      ClassDesc array = call.owner().asSymbol();
      MethodTypeDesc type = call.typeSymbol();
      builder.invokestatic(ARRAY_PROBE, name, type.insertParameterTypes(0, array));
    } else if (owner.equals(CONTEXT) && name.endsWith("Barrier")) {
      builder.loadConstant(line).invokestatic(PROBE, "site", ON_INT);
      builder.with(call);
    } else if (owner.equals(CONTEXT) && name.startsWith("allocate")) {
      builder.with(call);
      String variable = localNames.remove();
      if (!variable.isEmpty()) {
        builder.dup().loadConstant("local " + variable).invokestatic(PROBE, "named", NAMED);
      }
    } else {
      builder.with(call);
    }
  }

  private static MethodTypeDesc storeType(TypeKind kind) {
    ClassDesc element =
        switch (kind) {
          case FLOAT -> ConstantDescs.CD_float;
          case DOUBLE -> ConstantDescs.CD_double;
          case INT -> ConstantDescs.CD_int;
          case LONG -> ConstantDescs.CD_long;
          case SHORT -> ConstantDescs.CD_short;
          case CHAR -> ConstantDescs.CD_char;
          case BYTE, BOOLEAN -> null;
          default -> ConstantDescs.CD_Object;
        };
    return element == null
        ? MethodTypeDesc.of(
            ConstantDescs.CD_void,
            ConstantDescs.CD_Object,
            ConstantDescs.CD_int,
            ConstantDescs.CD_int)
        : MethodTypeDesc.of(
            ConstantDescs.CD_void, element.arrayType(), ConstantDescs.CD_int, element);
  }

  /** For each allocation of local memory, in order, the variable that it is put into, or "". */
  private static Deque<String> localNames(CodeAttribute code) {
    List<LocalVariable> variables =
        code.elementStream()
            .filter(LocalVariable.class::isInstance)
            .map(LocalVariable.class::cast)
            .toList();
    Deque<String> names = new ArrayDeque<>();
    boolean pending = false;
    StoreInstruction stored = null;
    for (CodeElement element : code) {
      if (stored != null && element instanceof LabelTarget target) {
        names.add(nameOf(variables, stored.slot(), target.label()));
        stored = null;
        pending = false;
      } else if (pending && element instanceof StoreInstruction store) {
        stored = store;
      } else if (element instanceof InvokeInstruction call) {
        if (pending) {
          names.add("");
        }
        stored = null;
        pending =
            call.owner().asInternalName().equals(CONTEXT)
                && call.name().stringValue().startsWith("allocate");
      }
    }
    if (pending) {
      names.add("");
    }
    return names;
  }

  private static String nameOf(List<LocalVariable> variables, int slot, Label start) {
    return variables.stream()
        .filter(v -> v.slot() == slot && v.startScope() == start)
        .map(v -> v.name().stringValue())
        .findFirst()
        .orElse("");
  }
}
