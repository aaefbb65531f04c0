package org.foretoken.cli.doctor;

/**
 * One thing that was looked at.
 *
 * @param name what it is
 * @param status how it is
 * @param found what is there
 * @param fix what to do; null where nothing has to be done
 */
public record Check(String name, Status status, String found, String fix) {
  /** How a thing is. */
  public enum Status {
    /** There, and as it should be. */
    OK,
    /** Not there, and only some devices need it. */
    ABSENT,
    /** There, and wrong. */
    FAILED
  }

  static Check ok(String name, String found) {
    return new Check(name, Status.OK, found, null);
  }

  static Check absent(String name, String found, String fix) {
    return new Check(name, Status.ABSENT, found, fix);
  }

  static Check failed(String name, String found, String fix) {
    return new Check(name, Status.FAILED, found, fix);
  }
}
