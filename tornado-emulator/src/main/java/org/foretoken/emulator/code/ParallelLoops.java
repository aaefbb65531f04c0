package org.foretoken.emulator.code;

import java.lang.classfile.Annotation;
import java.lang.classfile.Attributes;
import java.lang.classfile.Label;
import java.lang.classfile.MethodModel;
import java.lang.classfile.TypeAnnotation;
import java.lang.classfile.attribute.CodeAttribute;
import java.lang.classfile.instruction.LocalVariable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** The loops of a method whose variable is annotated with {@code @Parallel}. */
public final class ParallelLoops {
  private static final String PARALLEL = "Luk/ac/manchester/tornado/api/annotations/Parallel;";

  /**
   * One loop.
   *
   * @param slot where the loop variable lives
   * @param start first instruction after the variable got its first value
   * @param end first instruction after the loop
   * @param name of the variable
   * @param dimension how many parallel loops are around it
   * @param startIndex position of {@code start} in the code
   * @param endIndex position of {@code end} in the code
   */
  public record Loop(
      int slot, Label start, Label end, String name, int dimension, int startIndex, int endIndex) {}

  private ParallelLoops() {}

  /** The parallel loops of a method, outer ones first. */
  public static List<Loop> of(MethodModel method) {
    CodeAttribute code = (CodeAttribute) method.code().orElseThrow();
    List<Loop> loops = new ArrayList<>();
    code.findAttribute(Attributes.runtimeVisibleTypeAnnotations())
        .ifPresent(
            attribute -> {
              for (TypeAnnotation annotation : attribute.annotations()) {
                if (isParallel(annotation.annotation())
                    && annotation.targetInfo() instanceof TypeAnnotation.LocalVarTarget target) {
                  for (var part : target.table()) {
                    loops.add(loop(code, part));
                  }
                }
              }
            });
    loops.sort(Comparator.comparingInt(Loop::startIndex));
    return loops.stream().map(loop -> at(loop, depth(loop, loops))).toList();
  }

  private static boolean isParallel(Annotation annotation) {
    return annotation.className().equalsString(PARALLEL);
  }

  private static Loop loop(CodeAttribute code, TypeAnnotation.LocalVarTargetInfo part) {
    String name =
        code.elementStream()
            .filter(LocalVariable.class::isInstance)
            .map(LocalVariable.class::cast)
            .filter(v -> v.slot() == part.index() && v.startScope() == part.startLabel())
            .map(v -> v.name().stringValue())
            .findFirst()
            .orElse("loop" + part.index());
    return new Loop(
        part.index(),
        part.startLabel(),
        part.endLabel(),
        name,
        0,
        code.labelToBci(part.startLabel()),
        code.labelToBci(part.endLabel()));
  }

  private static int depth(Loop loop, List<Loop> loops) {
    return (int)
        loops.stream()
            .filter(
                outer ->
                    outer.startIndex() < loop.startIndex() && loop.endIndex() <= outer.endIndex())
            .count();
  }

  private static Loop at(Loop loop, int dimension) {
    return new Loop(
        loop.slot(),
        loop.start(),
        loop.end(),
        loop.name(),
        dimension,
        loop.startIndex(),
        loop.endIndex());
  }
}
