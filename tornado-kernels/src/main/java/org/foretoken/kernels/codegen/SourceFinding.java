package org.foretoken.kernels.codegen;

/**
 * A place of a generated kernel that computes something else than the Java it was made from, or
 * may.
 *
 * @param kernel its name
 * @param line of the generated source, from 1
 * @param code the line itself
 * @param what is wrong with it
 */
public record SourceFinding(String kernel, int line, String code, String what) {
  @Override
  public String toString() {
    return kernel + ":" + line + ": " + code + ": " + what;
  }
}
