package org.foretoken.emulator.lint;

import java.lang.classfile.Attributes;
import java.lang.classfile.CodeElement;
import java.lang.classfile.Instruction;
import java.lang.classfile.MethodModel;
import java.lang.classfile.Opcode;
import java.lang.classfile.attribute.CodeAttribute;
import java.lang.classfile.instruction.BranchInstruction;
import java.lang.classfile.instruction.ConstantInstruction;
import java.lang.classfile.instruction.IncrementInstruction;
import java.lang.classfile.instruction.LineNumber;
import java.lang.classfile.instruction.ReturnInstruction;
import java.lang.classfile.instruction.StoreInstruction;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.foretoken.emulator.code.ParallelLoops;

/** Rules that look at a method as a whole. */
final class StructureRules {
  private static final Set<String> DEVICE_WORDS =
      Set.of(
          "kernel",
          "global",
          "local",
          "constant",
          "half",
          "quad",
          "bool",
          "uchar",
          "ushort",
          "uint",
          "ulong",
          "size_t",
          "auto",
          "complex",
          "extern",
          "imaginary",
          "inline",
          "register",
          "restrict",
          "signed",
          "sizeof",
          "struct",
          "typedef",
          "union",
          "unsigned");

  /** Functions of the device languages: a kernel of the same name is refused or crashes. */
  private static final Set<String> DEVICE_FUNCTIONS =
      Set.of(
          "abs",
          "acos",
          "asin",
          "atan",
          "atan2",
          "ceil",
          "clamp",
          "cos",
          "cross",
          "degrees",
          "distance",
          "dot",
          "exp",
          "exp2",
          "fabs",
          "floor",
          "fma",
          "fmod",
          "isinf",
          "isnan",
          "length",
          "log",
          "log2",
          "mad",
          "max",
          "min",
          "mix",
          "normalize",
          "pow",
          "radians",
          "rint",
          "round",
          "rsqrt",
          "select",
          "shuffle",
          "sign",
          "sin",
          "sqrt",
          "step",
          "tan",
          "tanh",
          "trunc");

  private final Report report;
  private final MethodModel method;
  private final CodeAttribute code;
  private final List<At> instructions = new ArrayList<>();

  private record At(int bci, int line, Instruction instruction) {}

  StructureRules(Report report, MethodModel method) {
    this.report = report;
    this.method = method;
    code = (CodeAttribute) method.code().orElseThrow();
    int bci = 0;
    int line = 0;
    for (CodeElement element : code) {
      if (element instanceof LineNumber number) {
        line = number.line();
      } else if (element instanceof Instruction instruction) {
        instructions.add(new At(bci, line, instruction));
        bci += instruction.sizeInBytes();
      }
    }
  }

  void check(boolean isKernel) {
    report.at(instructions.getFirst().line());
    if (!code.exceptionHandlers().isEmpty()) {
      report.error("try and catch do not compile", "check what can be checked on the host");
    }
    if (code.findAttribute(Attributes.localVariableTable()).isEmpty()
        && method.methodTypeSymbol().parameterCount() > 0) {
      report.error(
          "there is no local variable table, so @Parallel loops are not found",
          "compile with javac -g");
    }
    if (isKernel) {
      checkSignature();
    } else {
      checkArrays();
      checkReturns();
    }
    checkLoopsInArms();
    ParallelLoops.of(method).forEach(this::checkLoop);
  }

  private void checkSignature() {
    String name = method.methodName().stringValue();
    if (DEVICE_WORDS.contains(name)) {
      report.error("the name " + name + " is a word of OpenCL C and refused", "rename the kernel");
    } else if (DEVICE_FUNCTIONS.contains(name)) {
      report.error(
          "the name " + name + " is a function of OpenCL C or CUDA and refused, or crashes PoCL",
          "rename the kernel");
    }
    method
        .methodTypeSymbol()
        .parameterList()
        .forEach(
            type -> {
              if (type.descriptorString().equals("[B")) {
                report.error("a byte[] parameter is compiled wrongly on CUDA", "use a ByteArray");
              } else if (type.descriptorString().equals("Z")) {
                report.error("a boolean parameter does not compile on OpenCL", "use an int");
              }
            });
  }

  /** Once inlined, the array no longer counts as local memory: seen on OpenCL and CUDA. */
  private void checkArrays() {
    method
        .methodTypeSymbol()
        .parameterList()
        .forEach(
            type -> {
              if (type.isArray() && type.componentType().isPrimitive()) {
                report.error(
                    "an array handed to an inlined helper is indexed in bytes, beyond its end",
                    "allocate it in the helper, or write the helper's code out");
              }
            });
  }

  private void checkReturns() {
    List<At> returns =
        instructions.stream().filter(i -> i.instruction() instanceof ReturnInstruction).toList();
    if (returns.size() > 1) {
      boolean fromLoop =
          instructions.stream()
              .anyMatch(
                  i ->
                      i.instruction() instanceof BranchInstruction b
                          && code.labelToBci(b.target()) <= returns.getFirst().bci()
                          && i.bci() > returns.getFirst().bci());
      report.at(returns.getFirst().line());
      String what = "an early return from an inlined helper";
      String wayOut = "assign a variable and return once, at the end";
      if (fromLoop) {
        report.error(what + ", out of a loop, is compiled wrongly", wayOut);
      } else {
        report.warning(what + " has been compiled wrongly", wayOut);
      }
    }
  }

  /** If and else with a loop in each: c jumps to the else arm, a goto ahead of it jumps over it. */
  private void checkLoopsInArms() {
    for (int i = 0; i < instructions.size(); i++) {
      At at = instructions.get(i);
      if (at.instruction() instanceof BranchInstruction branch && !isGoto(branch)) {
        int elseStart = code.labelToBci(branch.target());
        int thenEnd = indexAt(elseStart) - 1;
        if (elseStart > at.bci()
            && thenEnd > i
            && instructions.get(thenEnd).instruction() instanceof BranchInstruction over
            && isGoto(over)
            && code.labelToBci(over.target()) > elseStart
            && hasLoop(instructions.get(i + 1).bci(), elseStart)
            && hasLoop(elseStart, code.labelToBci(over.target()))) {
          report.at(at.line());
          report.error(
              "loops in both arms of an if/else are merged wrongly",
              "run one loop with bounds that the condition sets");
        }
      }
    }
  }

  private boolean hasLoop(int from, int to) {
    return instructions.stream()
        .filter(i -> i.bci() >= from && i.bci() < to)
        .anyMatch(
            i ->
                i.instruction() instanceof BranchInstruction b
                    && code.labelToBci(b.target()) <= i.bci()
                    && code.labelToBci(b.target()) >= from);
  }

  /** A parallel loop's index is computed as (id + start) * step, which holds if one is neutral. */
  private void checkLoop(ParallelLoops.Loop loop) {
    int first = indexAt(loop.startIndex());
    boolean fromZero =
        first >= 2
            && instructions.get(first - 1).instruction() instanceof StoreInstruction
            && instructions.get(first - 2).instruction() instanceof ConstantInstruction c
            && Integer.valueOf(0).equals(c.constantValue());
    boolean byOne =
        instructions.stream()
            .filter(i -> i.bci() >= loop.startIndex() && i.bci() < loop.endIndex())
            .anyMatch(
                i ->
                    i.instruction() instanceof IncrementInstruction step
                        && step.slot() == loop.slot()
                        && step.constant() == 1);
    if (!fromZero && !byOne) {
      report.at(instructions.get(Math.min(first, instructions.size() - 1)).line());
      report.error(
          "a parallel loop that neither starts at 0 nor steps by 1 visits other indices",
          "count from 0 by 1 and compute the index in the body");
    }
  }

  private int indexAt(int bci) {
    int index = 0;
    while (index < instructions.size() && instructions.get(index).bci() < bci) {
      index++;
    }
    return index;
  }

  private static boolean isGoto(BranchInstruction branch) {
    return branch.opcode() == Opcode.GOTO || branch.opcode() == Opcode.GOTO_W;
  }
}
