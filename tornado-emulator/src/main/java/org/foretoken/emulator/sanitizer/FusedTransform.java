package org.foretoken.emulator.sanitizer;

import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.MethodModel;
import java.lang.classfile.Opcode;
import java.lang.classfile.instruction.OperatorInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Set;
import org.foretoken.emulator.code.KernelCode;
import org.foretoken.emulator.code.OperandStack;
import org.foretoken.emulator.code.Provenance;
import org.foretoken.emulator.code.Value;

/** Turns FP32 products and the sums over them in one method into calls of {@link Fused}. */
final class FusedTransform implements CodeTransform {
  private static final ClassDesc FUSED = ClassDesc.of(Fused.class.getName());
  private static final MethodTypeDesc MUL =
      MethodTypeDesc.of(ConstantDescs.CD_float, ConstantDescs.CD_float, ConstantDescs.CD_float);
  private static final MethodTypeDesc ADD = MUL.insertParameterTypes(2, ConstantDescs.CD_int);

  private final Deque<Integer> sums = new ArrayDeque<>();
  private final boolean kernel;

  /** For a kernel's own method, whose parameters are no products, or for a helper. */
  FusedTransform(MethodModel method, boolean kernel) {
    this.kernel = kernel;
    Provenance.visit(method, this::note);
  }

  @Override
  public void accept(CodeBuilder builder, CodeElement element) {
    if (element instanceof OperatorInstruction operator && operator.opcode() == Opcode.FMUL) {
      builder.invokestatic(FUSED, "mul", MUL);
    } else if (element instanceof OperatorInstruction operator
        && operator.opcode() == Opcode.FADD) {
      builder.loadConstant(sums.remove()).invokestatic(FUSED, "add", ADD);
    } else {
      builder.with(element);
    }
  }

  private void note(CodeElement element, OperandStack stack) {
    if (element instanceof OperatorInstruction operator && operator.opcode() == Opcode.FADD) {
      sums.add(Fused.operands(mayBeProduct(stack.peek(1)), mayBeProduct(stack.peek(0))));
    }
  }

  /**
   * Whether a value is one product, as far as one method tells: where several values meet, the
   * compiler does not fuse. What comes from another method may be one, as helpers are inlined.
   */
  private boolean mayBeProduct(Set<Value> values) {
    return values.size() == 1
        && switch (values.iterator().next()) {
          case Value.Product _ -> true;
          case Value.Parameter _ -> !kernel;
          case Value.Result(String owner, String _) -> KernelCode.isProgram(owner);
          default -> false;
        };
  }
}
