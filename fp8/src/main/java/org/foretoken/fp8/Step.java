package org.foretoken.fp8;

/**
 * One step of a worked example: {@code what} = {@code how} = {@code result}, as text to print.
 *
 * @param what the quantity, as in "exponent"
 * @param how the formula with the numbers in it
 * @param result its value
 */
public record Step(String what, String how, String result) {}
