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
}
