package org.foretoken.kernels.op;

import org.foretoken.kernels.graph.Signature;

/**
 * y = a + b, element by element.
 *
 * <p>{@code a F32[*], b F32[*] -> y F32[*]}
 */
public record Add() implements Op {
  private static final Signature SIGNATURE = Signature.parse("a F32[*], b F32[*] -> y F32[*]");

  @Override
  public Signature signature() {
    return SIGNATURE;
  }
}
