package org.foretoken.emulator.code;

import java.lang.classfile.CodeElement;
import java.lang.classfile.Instruction;
import java.lang.classfile.MethodModel;
import java.lang.classfile.attribute.CodeAttribute;
import java.lang.classfile.instruction.BranchInstruction;
import java.lang.classfile.instruction.LookupSwitchInstruction;
import java.lang.classfile.instruction.ReturnInstruction;
import java.lang.classfile.instruction.TableSwitchInstruction;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Whether each instruction of a method is reached by every work item, with no loop ahead of it. */
final class Unconditional {
  private final CodeAttribute code;
  private final List<ParallelLoops.Loop> loops;
  private final List<int[]> skipped = new ArrayList<>();
  private final Set<Integer> heads = new HashSet<>();
  private int firstLoop = Integer.MAX_VALUE;
  private int firstReturn = Integer.MAX_VALUE;
  private int bci;
  private int next;

  Unconditional(MethodModel method) {
    code = (CodeAttribute) method.code().orElseThrow();
    loops = ParallelLoops.of(method);
    int at = 0;
    for (CodeElement element : code) {
      switch (element) {
        case BranchInstruction branch -> branch(at, code.labelToBci(branch.target()));
        case TableSwitchInstruction s -> skipped.add(new int[] {at, code.codeLength()});
        case LookupSwitchInstruction s -> skipped.add(new int[] {at, code.codeLength()});
        case ReturnInstruction _ -> firstReturn = Math.min(firstReturn, at);
        default -> {}
      }
      if (element instanceof Instruction instruction) {
        at += instruction.sizeInBytes();
      }
    }
  }

  /** To be called with each of the method's elements, in order. */
  void pass(CodeElement element) {
    if (element instanceof Instruction instruction) {
      bci = next;
      next += instruction.sizeInBytes();
    }
  }

  /** Whether this holds for the element that was passed last. */
  boolean here() {
    return bci < firstLoop
        && bci < firstReturn
        && skipped.stream().noneMatch(range -> range[0] < bci && bci < range[1]);
  }

  private void branch(int from, int to) {
    ParallelLoops.Loop entered = null;
    for (ParallelLoops.Loop loop : loops) {
      boolean first = from >= loop.startIndex() && heads.add(loop.startIndex());
      if (first && loop.endIndex() == to) {
        entered = loop;
      }
    }
    if (to <= from) {
      if (loops.stream().noneMatch(loop -> loop.startIndex() == to)) {
        firstLoop = Math.min(firstLoop, to);
      }
    } else if (entered == null) {
      skipped.add(new int[] {from, to});
    }
  }
}
