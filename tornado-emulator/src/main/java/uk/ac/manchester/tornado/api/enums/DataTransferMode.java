package uk.ac.manchester.tornado.api.enums;

/** When data moves between host and device. */
public class DataTransferMode {
  /** To the device before the first execution only; later changes on the host are not seen. */
  public static final int FIRST_EXECUTION = 0;

  /** At every execution of the task graph. */
  public static final int EVERY_EXECUTION = 1;

  /** To the host when the execution result is asked for it. */
  public static final int UNDER_DEMAND = 2;
}
