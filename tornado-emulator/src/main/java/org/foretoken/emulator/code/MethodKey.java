package org.foretoken.emulator.code;

import java.lang.constant.MethodTypeDesc;
import java.lang.reflect.Method;

/**
 * A method as class files refer to it.
 *
 * @param owner internal name of the class
 * @param name name of the method
 * @param descriptor parameter and result types
 */
public record MethodKey(String owner, String name, String descriptor) {
  /** The key of a loaded method. */
  public static MethodKey of(Method method) {
    String descriptor =
        java.lang.invoke.MethodType.methodType(method.getReturnType(), method.getParameterTypes())
            .toMethodDescriptorString();
    return new MethodKey(
        method.getDeclaringClass().getName().replace('.', '/'), method.getName(), descriptor);
  }

  /** Parameter and result types. */
  public MethodTypeDesc type() {
    return MethodTypeDesc.ofDescriptor(descriptor);
  }

  /** Class and method as messages name them: {@code Fp8Gemm.fprop}. */
  public String shortName() {
    return simpleOwner() + "." + name;
  }

  private String simpleOwner() {
    return owner.substring(Math.max(owner.lastIndexOf('/'), owner.lastIndexOf('$')) + 1);
  }
}
