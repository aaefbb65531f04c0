package org.foretoken.emulator.exec;

import java.lang.annotation.Annotation;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;
import org.foretoken.emulator.code.KernelCode;
import org.foretoken.emulator.code.LambdaResolver;
import org.foretoken.emulator.graph.TaskDefinition;
import org.foretoken.emulator.sanitizer.InstrumentedKernel;
import uk.ac.manchester.tornado.api.annotations.Reduce;

/** A task's method: its code, and ways to call it with and without the sanitizer. */
final class Kernel {
  private static final Map<Class<?>, Kernel> KNOWN = new WeakHashMap<>();

  private final Method method;
  private final KernelCode code;
  private final MethodHandle plain;
  private final Map<List<Boolean>, InstrumentedKernel> instrumented = new HashMap<>();

  private Kernel(Method method) {
    this.method = method;
    code = KernelCode.of(method);
    plain = spreader(method);
  }

  /** The kernel of a task; one for all tasks with the same method reference. */
  static synchronized Kernel of(TaskDefinition task) {
    return KNOWN.computeIfAbsent(
        task.code().getClass(), _ -> new Kernel(LambdaResolver.resolve(task)));
  }

  KernelCode code() {
    return code;
  }

  /** Task and method in words. */
  String name(TaskDefinition task) {
    return task.name() + " [" + code.root().shortName() + "]";
  }

  String parameter(int index) {
    return method.getParameters()[index].getName();
  }

  boolean isReduced(int index) {
    Annotation[] annotations = method.getParameterAnnotations()[index];
    return Arrays.stream(annotations).anyMatch(Reduce.class::isInstance);
  }

  /** The method as it is, or with fused multiply-adds. */
  KernelBody plainBody(boolean fused) {
    if (fused && KernelCode.isProgram(code.root().owner())) {
      return instrumented(false, true).body();
    }
    return arguments -> {
      try {
        plain.invokeExact(arguments);
      } catch (RuntimeException | Error e) {
        throw e;
      } catch (Throwable e) {
        throw new IllegalStateException(e);
      }
    };
  }

  /** The method with probes, with fused multiply-adds, or with both. */
  synchronized InstrumentedKernel instrumented(boolean probes, boolean fused) {
    return instrumented.computeIfAbsent(
        List.of(probes, fused), _ -> new InstrumentedKernel(code, probes, fused));
  }

  private static MethodHandle spreader(Method method) {
    try {
      method.setAccessible(true);
      MethodHandle handle = MethodHandles.lookup().unreflect(method);
      return handle
          .asType(handle.type().generic().changeReturnType(void.class))
          .asSpreader(Object[].class, method.getParameterCount());
    } catch (IllegalAccessException e) {
      throw new IllegalStateException("kernel " + method + " cannot be called", e);
    }
  }
}
