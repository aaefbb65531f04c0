package uk.ac.manchester.tornado.api.common;

/** What a task does to an argument. */
public enum Access {
  /** Nothing that is known. */
  NONE((byte) 0),
  /** It reads. */
  READ_ONLY((byte) 1),
  /** It writes. */
  WRITE_ONLY((byte) 2),
  /** It reads and writes. */
  READ_WRITE((byte) 3);

  /** Bit 0: reads; bit 1: writes. */
  public final byte position;

  Access(byte position) {
    this.position = position;
  }
}
