package org.foretoken.emulator.exec;

import static java.lang.invoke.MethodType.methodType;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;

/**
 * A coroutine on {@code jdk.internal.vm.Continuation}; needs {@code --add-exports
 * java.base/jdk.internal.vm=ALL-UNNAMED}.
 */
final class ContinuationCoroutine extends Coroutine {
  /** Whether this JVM exports continuations to us. */
  static final boolean AVAILABLE;

  private static final MethodHandle NEW;
  private static final MethodHandle RUN;
  private static final MethodHandle YIELD;
  private static final Object SCOPE;

  static {
    MethodHandle create = null;
    MethodHandle run = null;
    MethodHandle yield = null;
    Object scope = null;
    try {
      Class<?> continuation = Class.forName("jdk.internal.vm.Continuation");
      Class<?> scopeType = Class.forName("jdk.internal.vm.ContinuationScope");
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      scope =
          lookup
              .findConstructor(scopeType, methodType(void.class, String.class))
              .invoke("foretoken-emulator");
      create =
          lookup
              .findConstructor(continuation, methodType(void.class, scopeType, Runnable.class))
              .asType(methodType(Object.class, Object.class, Runnable.class));
      run =
          lookup
              .findVirtual(continuation, "run", methodType(void.class))
              .asType(methodType(void.class, Object.class));
      yield =
          lookup
              .findStatic(continuation, "yield", methodType(boolean.class, scopeType))
              .asType(methodType(boolean.class, Object.class));
    } catch (Throwable unavailable) {
      create = null;
    }
    AVAILABLE = create != null && !Boolean.getBoolean("foretoken.emulator.threads");
    NEW = create;
    RUN = run;
    YIELD = yield;
    SCOPE = scope;
  }

  private final Object continuation;

  ContinuationCoroutine(Runnable body) {
    try {
      continuation = (Object) NEW.invokeExact(SCOPE, (Runnable) () -> runToEnd(body));
    } catch (Throwable e) {
      throw new IllegalStateException("work items: continuations cannot be created", e);
    }
  }

  @Override
  void proceed() {
    try {
      RUN.invokeExact(continuation);
    } catch (Throwable e) {
      throw new IllegalStateException("work items: a continuation cannot be run", e);
    }
  }

  @Override
  void suspend() {
    try {
      boolean _ = (boolean) YIELD.invokeExact(SCOPE);
    } catch (Throwable e) {
      throw new IllegalStateException("work items: a continuation cannot be suspended", e);
    }
  }
}
