package org.foretoken.emulator.code;

import java.lang.classfile.CodeElement;
import java.lang.classfile.Instruction;
import java.lang.classfile.Label;
import java.lang.classfile.MethodModel;
import java.lang.classfile.Opcode;
import java.lang.classfile.TypeKind;
import java.lang.classfile.attribute.CodeAttribute;
import java.lang.classfile.instruction.ArrayLoadInstruction;
import java.lang.classfile.instruction.BranchInstruction;
import java.lang.classfile.instruction.ConstantInstruction;
import java.lang.classfile.instruction.ConvertInstruction;
import java.lang.classfile.instruction.FieldInstruction;
import java.lang.classfile.instruction.IncrementInstruction;
import java.lang.classfile.instruction.InvokeDynamicInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.LabelTarget;
import java.lang.classfile.instruction.LoadInstruction;
import java.lang.classfile.instruction.LocalVariable;
import java.lang.classfile.instruction.LookupSwitchInstruction;
import java.lang.classfile.instruction.NewMultiArrayInstruction;
import java.lang.classfile.instruction.OperatorInstruction;
import java.lang.classfile.instruction.ReturnInstruction;
import java.lang.classfile.instruction.StackInstruction;
import java.lang.classfile.instruction.StoreInstruction;
import java.lang.classfile.instruction.TableSwitchInstruction;
import java.lang.classfile.instruction.ThrowInstruction;
import java.lang.constant.MethodTypeDesc;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;

/**
 * Where the operands of a method's instructions come from.
 *
 * <p>Local variables are taken together over the whole method, so the answer is a superset.
 */
public final class Provenance {
  private static final int MOST_ROUNDS = 8;

  private final List<LocalVariable> variables;
  private final Map<Object, Set<Value>> locals = new HashMap<>();
  private final Map<Label, OperandStack> atLabel = new HashMap<>();
  private OperandStack stack = new OperandStack();
  private final CodeAttribute code;
  private boolean reachable = true;
  private boolean changed;
  private int bci;

  private Provenance(MethodModel method) {
    code = (CodeAttribute) method.code().orElseThrow();
    variables =
        code.elementStream()
            .filter(LocalVariable.class::isInstance)
            .map(LocalVariable.class::cast)
            .toList();
    int slot = 0;
    MethodTypeDesc type = method.methodTypeSymbol();
    for (int i = 0; i < type.parameterCount(); i++) {
      locals.put(variable(slot, 0), new HashSet<>(Set.of(new Value.Parameter(i))));
      slot += TypeKind.from(type.parameterType(i)).slotSize();
    }
  }

  /** Shows {@code visitor} each instruction of a static method with the stack ahead of it. */
  public static void visit(MethodModel method, BiConsumer<CodeElement, OperandStack> visitor) {
    Provenance provenance = new Provenance(method);
    int round = 0;
    do {
      provenance.pass((_, _) -> {});
    } while (provenance.changed && ++round < MOST_ROUNDS);
    provenance.pass(visitor);
  }

  private void pass(BiConsumer<CodeElement, OperandStack> visitor) {
    changed = false;
    reachable = true;
    stack = new OperandStack();
    bci = 0;
    for (CodeElement element : code) {
      visitor.accept(element, stack);
      if (element instanceof LabelTarget target) {
        label(target.label());
      } else if (element instanceof Instruction instruction) {
        execute(instruction);
        bci += instruction.sizeInBytes();
      }
    }
  }

  /** The variable that is in a slot at an instruction, or the slot where there is no name. */
  private Object variable(int slot, int at) {
    for (LocalVariable variable : variables) {
      if (variable.slot() == slot
          && code.labelToBci(variable.startScope()) <= at
          && at < code.labelToBci(variable.endScope())) {
        return variable;
      }
    }
    return slot;
  }

  private void label(Label label) {
    if (!reachable) {
      OperandStack saved = atLabel.get(label);
      stack = saved == null ? new OperandStack() : saved.copy();
      reachable = true;
    }
  }

  private void jump(Label target) {
    atLabel.putIfAbsent(target, stack.copy());
  }

  private void execute(Instruction instruction) {
    switch (instruction) {
      case ConstantInstruction c -> stack.push(Set.of(constant(c)), c.typeKind().slotSize() == 2);
      case LoadInstruction load ->
          stack.push(
              locals.getOrDefault(variable(load.slot(), bci), Set.of(new Value.Unknown())),
              load.typeKind().slotSize() == 2);
      case StoreInstruction store -> {
        Set<Value> known =
            locals.computeIfAbsent(
                variable(store.slot(), bci + store.sizeInBytes()), _ -> new HashSet<>());
        changed |= known.addAll(stack.pop());
      }
      case IncrementInstruction increment ->
          changed |=
              locals
                  .computeIfAbsent(variable(increment.slot(), bci), _ -> new HashSet<>())
                  .add(new Value.Computed(false, increment.constant() > 0));
      case ArrayLoadInstruction load -> {
        stack.pop(2);
        stack.pushUnknown(load.typeKind().slotSize() == 2);
      }
      case OperatorInstruction operator -> operator(operator);
      case ConvertInstruction convert -> {
        Set<Value> operand = stack.pop();
        boolean wide = convert.toType().slotSize() == 2;
        stack.push(
            switch (convert.opcode()) {
              case I2L, L2I -> operand;
              default -> Set.of(new Value.Unknown());
            },
            wide);
      }
      case FieldInstruction field -> field(field);
      case InvokeInstruction call -> call(call);
      case InvokeDynamicInstruction indy -> {
        stack.pop(indy.typeSymbol().parameterCount());
        result(indy.typeSymbol(), new Value.Unknown());
      }
      case BranchInstruction branch -> branch(branch);
      case TableSwitchInstruction s -> {
        stack.pop();
        s.cases().forEach(c -> jump(c.target()));
        jump(s.defaultTarget());
        reachable = false;
      }
      case LookupSwitchInstruction s -> {
        stack.pop();
        s.cases().forEach(c -> jump(c.target()));
        jump(s.defaultTarget());
        reachable = false;
      }
      case ReturnInstruction _ -> reachable = false;
      case ThrowInstruction _ -> reachable = false;
      case StackInstruction s -> shuffle(s);
      case NewMultiArrayInstruction array -> {
        stack.pop(array.dimensions());
        stack.push(Set.of(new Value.PrivateArray()), false);
      }
      default -> rest(instruction);
    }
  }

  private void rest(Instruction instruction) {
    switch (instruction.opcode()) {
      case NEWARRAY, ANEWARRAY -> {
        stack.pop();
        stack.push(Set.of(new Value.PrivateArray()), false);
      }
      case NEW -> stack.pushUnknown(false);
      case INSTANCEOF -> {
        stack.pop();
        stack.pushUnknown(false);
      }
      case MONITORENTER, MONITOREXIT -> stack.pop();
      case IASTORE, LASTORE, FASTORE, DASTORE, AASTORE, BASTORE, CASTORE, SASTORE -> stack.pop(3);
      default -> {
        // CHECKCAST keeps its operand, NOP touches none.
      }
    }
  }

  private void operator(OperatorInstruction operator) {
    Opcode opcode = operator.opcode();
    boolean unary =
        switch (opcode) {
          case ARRAYLENGTH, INEG, LNEG, FNEG, DNEG -> true;
          default -> false;
        };
    Set<Value> right = stack.pop();
    Set<Value> left = unary ? right : stack.pop();
    boolean nonNegative =
        switch (opcode) {
          case ARRAYLENGTH -> true;
          case IADD, IMUL, IDIV, ISHL, IOR, LADD, LMUL, LDIV, LSHL, LOR ->
              isNonNegative(left) && isNonNegative(right);
          case IREM, ISHR, LREM, LSHR -> isNonNegative(left);
          case IAND, LAND -> isNonNegative(left) || isNonNegative(right);
          default -> false;
        };
    boolean wide =
        switch (opcode) {
          case ARRAYLENGTH, LCMP, FCMPL, FCMPG, DCMPL, DCMPG -> false;
          default -> operator.typeKind().slotSize() == 2;
        };
    boolean fixed =
        left.stream().allMatch(Value::isFixed) && right.stream().allMatch(Value::isFixed);
    Value result =
        opcode == Opcode.FMUL ? new Value.Product(bci) : new Value.Computed(fixed, nonNegative);
    stack.push(Set.of(result), wide);
  }

  private static boolean isNonNegative(Set<Value> values) {
    return values.stream().allMatch(Value::isNonNegative);
  }

  private void field(FieldInstruction field) {
    boolean wide = TypeKind.from(field.typeSymbol()).slotSize() == 2;
    switch (field.opcode()) {
      case GETSTATIC ->
          stack.push(
              Set.of(
                  new Value.StaticField(
                      field.owner().asInternalName(), field.name().stringValue())),
              wide);
      case GETFIELD -> {
        stack.pop();
        stack.pushUnknown(wide);
      }
      case PUTSTATIC -> stack.pop();
      default -> stack.pop(2);
    }
  }

  private void call(InvokeInstruction call) {
    int receiver = call.opcode() == Opcode.INVOKESTATIC ? 0 : 1;
    stack.pop(call.typeSymbol().parameterCount() + receiver);
    result(
        call.typeSymbol(),
        new Value.Result(call.owner().asInternalName(), call.name().stringValue()));
  }

  private void result(MethodTypeDesc type, Value value) {
    TypeKind kind = TypeKind.from(type.returnType());
    if (kind != TypeKind.VOID) {
      stack.push(Set.of(value), kind.slotSize() == 2);
    }
  }

  private void branch(BranchInstruction branch) {
    switch (branch.opcode()) {
      case GOTO, GOTO_W -> {
        jump(branch.target());
        reachable = false;
      }
      case IFEQ, IFNE, IFLT, IFGE, IFGT, IFLE, IFNULL, IFNONNULL -> {
        stack.pop();
        jump(branch.target());
      }
      default -> {
        stack.pop(2);
        jump(branch.target());
      }
    }
  }

  private void shuffle(StackInstruction instruction) {
    switch (instruction.opcode()) {
      case POP -> stack.pop();
      case POP2 -> stack.popPair();
      case DUP -> stack.duplicate(1, 0);
      case DUP_X1 -> stack.duplicate(1, 1);
      case DUP_X2 -> stack.duplicate(1, 2);
      case DUP2 -> stack.duplicate(2, 0);
      case DUP2_X1 -> stack.duplicate(2, 1);
      case DUP2_X2 -> stack.duplicate(2, 2);
      default -> stack.swap();
    }
  }

  private static Value constant(ConstantInstruction instruction) {
    return instruction.constantValue() instanceof Number number
        ? new Value.Constant(number)
        : new Value.Constant(String.valueOf(instruction.constantValue()));
  }
}
