package uk.ac.manchester.tornado.api.runtime;

import org.foretoken.emulator.EmulatedRuntime;
import uk.ac.manchester.tornado.api.TornadoRuntime;

/** Where to get the runtime, here the emulator's. */
public class TornadoRuntimeProvider {
  /** Nothing to configure. */
  public TornadoRuntimeProvider() {}

  /** The runtime. */
  public static TornadoRuntime getTornadoRuntime() {
    return EmulatedRuntime.INSTANCE;
  }

  /** Whether measuring is on for all plans. */
  public static boolean isProfilerEnabled() {
    return getTornadoRuntime().isProfilerEnabled();
  }

  /** Whether power is measured. */
  public static boolean isPowerMonitoringEnabled() {
    return getTornadoRuntime().isPowerMonitoringEnabled();
  }

  /** Sets a property of the runtime, a system property here. */
  public static void setProperty(String key, String value) {
    System.setProperty(key, value);
  }

  /** A property of the runtime. */
  public static String getProperty(String key, String defaultValue) {
    return System.getProperty(key, defaultValue);
  }

  /** A property of the runtime, or null. */
  public static String getProperty(String key) {
    return System.getProperty(key);
  }
}
