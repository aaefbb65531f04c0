package org.foretoken.emulator.lint;

import java.lang.classfile.Attributes;
import java.lang.classfile.MethodModel;
import java.lang.classfile.Opcode;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.foretoken.emulator.code.ClassFiles;
import org.foretoken.emulator.code.KernelCode;
import org.foretoken.emulator.code.MethodKey;
import org.foretoken.emulator.code.ParallelLoops;
import org.foretoken.emulator.code.Provenance;
import uk.ac.manchester.tornado.api.KernelContext;

/**
 * Looks for what runs in the emulator but is refused or compiled wrongly by TornadoVM 5.2.0.
 *
 * <p>It reads the bytecode of a kernel and of every method of the program that the kernel calls, so
 * it needs neither a device nor a run. Most rules stand for something that was seen on a backend,
 * the others for what TornadoVM's documentation says it does not support; no finding does not mean
 * that a kernel compiles.
 */
public final class KernelLint {
  private KernelLint() {}

  /** Findings about one kernel. */
  public static List<Finding> check(Method kernel) {
    return check(KernelCode.of(kernel));
  }

  /** Findings about all kernels of a class, see {@link #kernels}. */
  public static List<Finding> check(Class<?> owner) {
    return kernels(owner).stream().flatMap(kernel -> check(kernel).stream()).toList();
  }

  /** The static methods of a class that take a KernelContext or have a parallel loop. */
  public static List<Method> kernels(Class<?> owner) {
    ClassFiles files = new ClassFiles(owner.getClassLoader());
    Map<String, MethodModel> models = new java.util.HashMap<>();
    files
        .find(owner.getName().replace('.', '/'))
        .ifPresent(
            model ->
                model
                    .methods()
                    .forEach(
                        m ->
                            models.put(
                                m.methodName().stringValue() + m.methodType().stringValue(), m)));
    return Arrays.stream(owner.getDeclaredMethods())
        .filter(m -> Modifier.isStatic(m.getModifiers()) && m.getReturnType() == void.class)
        .filter(
            m -> {
              MethodKey key = MethodKey.of(m);
              MethodModel model = models.get(key.name() + key.descriptor());
              return Arrays.asList(m.getParameterTypes()).contains(KernelContext.class)
                  || model != null
                      && model.code().isPresent()
                      && !ParallelLoops.of(model).isEmpty();
            })
        .sorted(java.util.Comparator.comparing(Method::getName))
        .toList();
  }

  /** Findings about a kernel's code. */
  public static List<Finding> check(KernelCode code) {
    String kernel = code.root().shortName();
    List<Finding> findings = new ArrayList<>();
    code.methods()
        .forEach(
            (key, method) -> {
              Report report = new Report(kernel, key.shortName(), file(code, key));
              new StructureRules(report, method).check(key.equals(code.root()));
              Provenance.visit(method, new InstructionRules(report)::check);
              if (calls(code, method, key)) {
                report.error("recursion hangs the compiler", "write a loop");
              }
              findings.addAll(report.findings());
            });
    return findings;
  }

  /** Whether a method calls itself, directly or not. */
  private static boolean calls(KernelCode code, MethodModel method, MethodKey wanted) {
    Set<MethodKey> seen = new LinkedHashSet<>(callees(code, method));
    List<MethodKey> open = new ArrayList<>(seen);
    while (!open.isEmpty()) {
      MethodKey next = open.removeLast();
      if (next.equals(wanted)) {
        return true;
      }
      for (MethodKey callee : callees(code, code.methods().get(next))) {
        if (seen.add(callee)) {
          open.add(callee);
        }
      }
    }
    return false;
  }

  private static List<MethodKey> callees(KernelCode code, MethodModel method) {
    return method
        .code()
        .orElseThrow()
        .elementStream()
        .filter(InvokeInstruction.class::isInstance)
        .map(InvokeInstruction.class::cast)
        .filter(call -> call.opcode() == Opcode.INVOKESTATIC)
        .map(
            call ->
                new MethodKey(
                    call.owner().asInternalName(),
                    call.name().stringValue(),
                    call.type().stringValue()))
        .filter(code.methods()::containsKey)
        .toList();
  }

  private static String file(KernelCode code, MethodKey key) {
    return code.files()
        .find(key.owner())
        .flatMap(model -> model.findAttribute(Attributes.sourceFile()))
        .map(source -> source.sourceFile().stringValue())
        .orElse(key.owner());
  }
}
