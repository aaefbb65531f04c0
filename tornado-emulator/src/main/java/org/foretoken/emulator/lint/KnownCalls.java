package org.foretoken.emulator.lint;

import java.util.List;
import java.util.Optional;

/** Calls of the JDK that do not survive TornadoVM's compiler, and what to call instead. */
final class KnownCalls {
  private static final String BITS = "has no device code";
  private static final String MATH = "does not compile";

  private static final List<Known> CALLS =
      List.of(
          known("java/lang/Float", "floatToRawIntBits", BITS, "round with (a + C) - C per binade"),
          known("java/lang/Float", "floatToIntBits", BITS, "round with (a + C) - C per binade"),
          known("java/lang/Float", "intBitsToFloat", BITS, "build the value by multiplication"),
          known("java/lang/Math", "round", MATH, "use TornadoMath.floor(x + 0.5f)"),
          known("java/lang/Math", "rint", MATH, "round with (a + C) - C"),
          known("java/lang/Math", "fma", MATH, "write a * b + c, which devices contract"),
          known("java/lang/Math", "floor", MATH, "use TornadoMath.floor"),
          known("java/lang/Math", "ceil", MATH, "use TornadoMath.ceil"),
          known("java/lang/Integer", "numberOfLeadingZeros", MATH, "count in a loop"),
          known("java/lang/Integer", "numberOfTrailingZeros", MATH, "count in a loop"));

  private KnownCalls() {}

  /**
   * A call with a known fate.
   *
   * @param owner internal name of the class
   * @param name of the method
   * @param what becomes of it
   * @param wayOut what to write instead
   * @param error whether it never works
   */
  record Known(String owner, String name, String what, String wayOut, boolean error) {}

  /** What is known of a call. */
  static Optional<Known> find(String owner, String name, String descriptor) {
    if (owner.equals("java/lang/Math") && name.equals("abs") && descriptor.equals("(I)I")) {
      return Optional.of(known(owner, name, "of an int does not compile", "use TornadoMath.abs"));
    }
    if (owner.equals("java/lang/Math") && name.matches("min|max") && descriptor.equals("(II)I")) {
      return Optional.of(
          warning(owner, name, "of ints has crashed PoCL", "use TornadoMath." + name));
    }
    if (owner.equals("java/lang/Float") && name.equals("isNaN")) {
      return Optional.of(warning(owner, name, "has crashed PoCL", "write x != x"));
    }
    if (owner.equals("java/lang/Math") && name.matches("sqrt|exp|log|pow|sin|cos|tanh")) {
      return Optional.of(
          warning(owner, name, "goes through double", "use TornadoMath." + name + " with floats"));
    }
    return CALLS.stream().filter(c -> c.owner.equals(owner) && c.name.equals(name)).findFirst();
  }

  /** Whether nothing of this class is known to compile: collections, strings and the like. */
  static boolean isForeign(String owner) {
    return owner.startsWith("java/")
        && !owner.matches("java/lang/(Math|Integer|Float|Long|Double|Short|Byte|Character|Boolean)")
        && !owner.equals("java/lang/Object");
  }

  private static Known known(String owner, String name, String what, String wayOut) {
    return new Known(owner, name, simple(owner) + "." + name + " " + what, wayOut, true);
  }

  private static Known warning(String owner, String name, String what, String wayOut) {
    return new Known(owner, name, simple(owner) + "." + name + " " + what, wayOut, false);
  }

  private static String simple(String owner) {
    return owner.substring(owner.lastIndexOf('/') + 1);
  }
}
