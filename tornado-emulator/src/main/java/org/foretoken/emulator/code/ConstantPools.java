package org.foretoken.emulator.code;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The constant pools of loaded classes; needs {@code --add-exports} of {@code jdk.internal.access}
 * and {@code jdk.internal.reflect} of {@code java.base} to us.
 */
final class ConstantPools {
  /** Whether this JVM exports what it takes. */
  static final boolean AVAILABLE;

  private static final Object ACCESS;
  private static final Method GET_POOL;
  private static final Method GET_SIZE;
  private static final Method GET_TAG;
  private static final Method GET_METHOD;

  static {
    Object access = null;
    Method[] methods = new Method[4];
    try {
      Class<?> secrets = Class.forName("jdk.internal.access.SharedSecrets");
      Class<?> pool = Class.forName("jdk.internal.reflect.ConstantPool");
      methods[0] =
          Class.forName("jdk.internal.access.JavaLangAccess")
              .getMethod("getConstantPool", Class.class);
      methods[1] = pool.getMethod("getSize");
      methods[2] = pool.getMethod("getTagAt", int.class);
      methods[3] = pool.getMethod("getMethodAt", int.class);
      access = secrets.getMethod("getJavaLangAccess").invoke(null);
    } catch (ReflectiveOperationException _) {
      access = null;
    }
    ACCESS = access;
    GET_POOL = methods[0];
    GET_SIZE = methods[1];
    GET_TAG = methods[2];
    GET_METHOD = methods[3];
    AVAILABLE = access != null && !Boolean.getBoolean("foretoken.emulator.no-constant-pools");
  }

  private ConstantPools() {}

  /** The methods that the class refers to. */
  static List<Method> methods(Class<?> type) {
    try {
      Object pool = GET_POOL.invoke(ACCESS, type);
      Set<Method> methods = new LinkedHashSet<>();
      for (int i = 1; i < (int) GET_SIZE.invoke(pool); i++) {
        String tag = tag(pool, i);
        if (tag.equals("METHODREF") || tag.equals("INTERFACEMETHODREF")) {
          if (GET_METHOD.invoke(pool, i) instanceof Method method) {
            methods.add(method);
          }
        }
      }
      return List.copyOf(methods);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("constant pool of " + type + " cannot be read", e);
    }
  }

  private static String tag(Object pool, int index) throws IllegalAccessException {
    try {
      return GET_TAG.invoke(pool, index).toString();
    } catch (InvocationTargetException _) {
      return "NONE";
    }
  }
}
