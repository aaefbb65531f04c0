package org.foretoken.emulator.exec;

import java.util.Locale;
import uk.ac.manchester.tornado.api.exceptions.TornadoMemoryException;

/**
 * What the emulator refuses because a device would: the limits of CUDA without opting in to more.
 */
public final class DeviceLimits {
  /** Bytes of local memory of a group. */
  public static final int LOCAL_MEMORY_BYTES = 48 * 1024;

  /** Work items of a group. */
  public static final int GROUP_ITEMS = 1024;

  private DeviceLimits() {}

  /** Bytes of a size such as "512MB" or "2GB". */
  static long parseBytes(String size) {
    String text = size.trim().toUpperCase(Locale.ROOT);
    int shift = text.endsWith("GB") ? 30 : text.endsWith("MB") ? 20 : 0;
    String number = shift == 0 ? text : text.substring(0, text.length() - 2).trim();
    if (shift == 0 || !number.matches("[1-9][0-9]{0,9}")) {
      throw new TornadoMemoryException(
          "device memory: expected a size such as 512MB or 2GB, found " + size);
    }
    return Long.parseLong(number) << shift;
  }
}
