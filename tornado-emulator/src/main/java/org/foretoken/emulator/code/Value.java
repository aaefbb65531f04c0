package org.foretoken.emulator.code;

/** Where a value on the operand stack or in a local variable can come from. */
public sealed interface Value {
  /** From anywhere. */
  record Unknown() implements Value {}

  /** A constant of the class file. */
  record Constant(Object value) implements Value {}

  /** A parameter of the method, by its position. */
  record Parameter(int index) implements Value {}

  /** The result of a call, by owner (internal name) and name. */
  record Result(String owner, String name) implements Value {}

  /** A static field, by owner (internal name) and name. */
  record StaticField(String owner, String name) implements Value {}

  /** An array that the method itself makes. */
  record PrivateArray() implements Value {}

  /**
   * The result of arithmetic.
   *
   * @param fixed whether only constants and parameters went into it
   * @param nonNegative whether it cannot be negative if the kernel's scalar arguments are not
   */
  record Computed(boolean fixed, boolean nonNegative) implements Value {}

  /** The FP32 product of the instruction at this place. */
  record Product(int bci) implements Value {}

  /** Whether a number cannot be negative, if the kernel's scalar arguments are not. */
  default boolean isNonNegative() {
    return switch (this) {
      case Constant(Object c) -> c instanceof Number n && n.doubleValue() >= 0;
      case Parameter _ -> true;
      case Computed computed -> computed.nonNegative();
      case Result(String owner, String name) ->
          name.equals("getSize") || owner.equals("java/lang/Integer");
      case Unknown _, StaticField _, PrivateArray _, Product _ -> false;
    };
  }

  /** Whether the value is the same in every work item, so that the device compiler knows it. */
  default boolean isFixed() {
    return switch (this) {
      case Constant _, Parameter _ -> true;
      case Computed computed -> computed.fixed();
      case Unknown _, Result _, StaticField _, PrivateArray _, Product _ -> false;
    };
  }
}
