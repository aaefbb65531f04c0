package org.foretoken.emulator.lint;

import java.lang.classfile.CodeElement;
import java.lang.classfile.Opcode;
import java.lang.classfile.TypeKind;
import java.lang.classfile.instruction.ArrayLoadInstruction;
import java.lang.classfile.instruction.ArrayStoreInstruction;
import java.lang.classfile.instruction.FieldInstruction;
import java.lang.classfile.instruction.InvokeDynamicInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.LineNumber;
import java.lang.classfile.instruction.MonitorInstruction;
import java.lang.classfile.instruction.NewMultiArrayInstruction;
import java.lang.classfile.instruction.NewObjectInstruction;
import java.lang.classfile.instruction.NewPrimitiveArrayInstruction;
import java.lang.classfile.instruction.OperatorInstruction;
import java.lang.classfile.instruction.ThrowInstruction;
import java.util.Set;
import org.foretoken.emulator.code.KernelCode;
import org.foretoken.emulator.code.OperandStack;
import org.foretoken.emulator.code.Value;

/** Rules that look at one instruction and where its operands come from. */
final class InstructionRules {
  private static final String API = "uk/ac/manchester/tornado/api/";
  private static final String CONTEXT = API + "KernelContext";

  private final Report report;

  InstructionRules(Report report) {
    this.report = report;
  }

  void check(CodeElement element, OperandStack stack) {
    switch (element) {
      case LineNumber number -> report.at(number.line());
      case OperatorInstruction operator -> operator(operator, stack);
      case InvokeInstruction call -> call(call, stack);
      case FieldInstruction field -> field(field);
      case ArrayLoadInstruction _ -> requireNoFragment(stack.peek(1));
      case ArrayStoreInstruction _ -> requireNoFragment(stack.peek(2));
      case ThrowInstruction _ ->
          report.error("throw does not compile", "check what can be checked on the host");
      case NewObjectInstruction object -> {
        if (!object.className().asInternalName().startsWith(API)) {
          report.error(
              "new " + object.className().asInternalName() + " does not compile",
              "keep values in local variables and arrays");
        }
      }
      case NewPrimitiveArrayInstruction array -> privateArray(array, stack);
      case NewMultiArrayInstruction _ ->
          report.error("an array of arrays does not compile", "use one array and index arithmetic");
      case MonitorInstruction _ ->
          report.error("synchronized does not compile", "use atomicAdd or barriers");
      case InvokeDynamicInstruction indy ->
          report.error(
              "a lambda or string (" + indy.name() + ") does not compile", "call a static method");
      default -> {}
    }
  }

  private void operator(OperatorInstruction operator, OperandStack stack) {
    switch (operator.opcode()) {
      case IUSHR, LUSHR ->
          report.error(
              ">>> becomes an arithmetic shift on CUDA and OpenCL", "write (x >> k) & mask");
      case IDIV, LDIV -> {
        if (isPowerOfTwo(stack.peek(0)) && !isNonNegative(stack.peek(1))) {
          report.warning(
              "x / 2^n is wrong for negative x, even for multiples of 2^n, on every backend",
              "make x non-negative: add a multiple of 2^n before and subtract its quotient after");
        }
      }
      case FREM, DREM ->
          report.error("% of floating-point numbers does not compile", "use TornadoMath.floor");
      default -> {}
    }
  }

  private void call(InvokeInstruction call, OperandStack stack) {
    String owner = call.owner().asInternalName();
    String name = call.name().stringValue();
    String descriptor = call.type().stringValue();
    if (owner.equals(CONTEXT)) {
      context(name, call.typeSymbol().parameterCount(), stack);
      return;
    }
    KnownCalls.find(owner, name, descriptor)
        .ifPresent(
            known -> {
              if (known.error()) {
                report.error(known.what(), known.wayOut());
              } else {
                report.warning(known.what(), known.wayOut());
              }
            });
    boolean instance = call.opcode() != Opcode.INVOKESTATIC;
    if (instance && KernelCode.isProgram(owner)) {
      report.error(
          "a call of the instance method " + name + " does not compile", "call a static method");
    } else if (KnownCalls.isForeign(owner)) {
      report.error(
          "a call of " + owner.replace('/', '.') + "." + name + " does not compile",
          "use TornadoMath, or arithmetic of your own");
    }
  }

  private void context(String name, int parameters, OperandStack stack) {
    boolean product =
        name.equals("mma")
            || name.equals("mmaBF16")
            || name.equals("mmaInt8")
            || name.startsWith("mmaFP8");
    if (product
        && !stack.peek(0).stream()
            .allMatch(
                v ->
                    v instanceof Value.StaticField(String owner, String _)
                        && owner.endsWith("MMAShape"))) {
      report.error(
          "the shape of " + name + " is no compile-time constant", "name an MMAShape in the call");
    }
    if (name.equals("asyncCopyWaitGroup") && !isConstant(stack.peek(0))) {
      report.error(
          "the argument of asyncCopyWaitGroup is no compile-time constant", "write a literal");
    }
    if (name.startsWith("allocate") && !isFixed(stack.peek(0))) {
      report.error(
          "the size of " + name + " is no constant", "use a constant or a scalar task argument");
    }
    if (name.startsWith("simd") && parameters > 0) {
      report.warning(
          name + " silently returns its argument on OpenCL",
          "use local memory and barriers where OpenCL matters");
    }
  }

  private void field(FieldInstruction field) {
    if (field.opcode() == Opcode.PUTSTATIC) {
      report.error("writing a static field does not compile", "pass an array as a task argument");
    } else if (field.opcode() == Opcode.GETSTATIC && field.type().stringValue().startsWith("[")) {
      report.error(
          "the static array " + field.name() + " does not compile", "pass it as a task argument");
    }
  }

  private void privateArray(NewPrimitiveArrayInstruction array, OperandStack stack) {
    if (!isFixed(stack.peek(0))) {
      report.error(
          "a private array whose size is no constant does not compile",
          "use a constant or a scalar task argument as its size");
    } else if (array.typeKind() == TypeKind.BOOLEAN) {
      report.error("a private boolean[] does not compile", "use an int[]");
    }
  }

  private void requireNoFragment(Set<Value> arrays) {
    for (Value value : arrays) {
      if (value instanceof Value.Result(String owner, String name)
          && owner.equals(CONTEXT)
          && name.startsWith("mma")) {
        report.error(
            "the elements of a fragment (from " + name + ") cannot be read or written in a kernel",
            "mmaStore it to a scratch array, pass a barrier and read that");
      }
    }
  }

  private static boolean isConstant(Set<Value> values) {
    return values.stream().allMatch(Value.Constant.class::isInstance);
  }

  private static boolean isFixed(Set<Value> values) {
    return values.stream().allMatch(Value::isFixed);
  }

  private static boolean isPowerOfTwo(Set<Value> values) {
    return values.stream()
        .allMatch(
            v ->
                v instanceof Value.Constant(Object c)
                    && c instanceof Number n
                    && n.longValue() > 1
                    && Long.bitCount(n.longValue()) == 1);
  }

  /** Sizes, indices, counters, scalar arguments, and sums and products of them. */
  private static boolean isNonNegative(Set<Value> values) {
    return values.stream().allMatch(Value::isNonNegative);
  }
}
