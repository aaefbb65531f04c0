package org.foretoken.emulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.net.URLClassLoader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.BFloat16;
import uk.ac.manchester.tornado.api.types.FP8;

/**
 * Codecs and mathematics give the values that TornadoVM's own classes give, bit for bit.
 *
 * <p>Skipped where there is no TornadoVM, see {@link TornadoApi}.
 */
class ApiValuesTest {
  private static final int RANDOM_VALUES = 20_000;

  private final List<String> differences = new ArrayList<>();
  private int compared;

  @Test
  void codecsAndMathematicsAgree() throws Exception {
    try (URLClassLoader sdk = TornadoApi.open()) {
      for (Class<?> ours : List.of(FP8.class, BFloat16.class, TornadoMath.class)) {
        Class<?> theirs = Class.forName(ours.getName(), true, sdk);
        for (Method method : ours.getDeclaredMethods()) {
          if (Modifier.isPublic(method.getModifiers()) && isScalar(method)) {
            compare(method, theirs.getMethod(method.getName(), method.getParameterTypes()));
          }
        }
      }
    }
    assertThat(differences).isEmpty();
    assertThat(compared).isGreaterThan(60);
  }

  private void compare(Method ours, Method theirs) throws ReflectiveOperationException {
    compared++;
    Class<?>[] types = ours.getParameterTypes();
    List<Object[]> inputs = Arrays.stream(types).map(ApiValuesTest::values).toList();
    int count = types.length == 0 ? 1 : inputs.getFirst().length;
    for (int i = 0; i < count; i++) {
      Object[] arguments = new Object[types.length];
      for (int p = 0; p < types.length; p++) {
        arguments[p] = inputs.get(p)[(i * (2 * p + 1) + 31 * p) % inputs.get(p).length];
      }
      Object mine = ours.invoke(null, arguments);
      Object other = theirs.invoke(null, arguments);
      if (!mine.equals(other)) {
        differences.add(ours + Arrays.toString(arguments) + ": " + mine + ", not " + other);
        return;
      }
    }
  }

  private static boolean isScalar(Method method) {
    return method.getReturnType().isPrimitive()
        && Arrays.stream(method.getParameterTypes()).allMatch(Class::isPrimitive);
  }

  private static Object[] values(Class<?> type) {
    return switch (type.getName()) {
      case "byte" -> IntStream.range(-128, 128).mapToObj(i -> (byte) i).toArray();
      case "short" -> IntStream.range(-32768, 32768).mapToObj(i -> (short) i).toArray();
      case "int" -> random().ints(1000).boxed().toArray();
      case "long" -> random().longs(1000).boxed().toArray();
      case "float" -> floats();
      case "double" -> Arrays.stream(floats()).map(f -> (double) (float) f).toArray();
      default -> throw new IllegalArgumentException(type.getName());
    };
  }

  /** All BF16 values (which include every tie of FP8), then random bits and random small values. */
  private static Object[] floats() {
    SplittableRandom random = random();
    IntStream patterns = IntStream.range(0, 1 << 16).map(i -> i << 16);
    IntStream bits = random.ints(RANDOM_VALUES);
    IntStream small =
        random.doubles(RANDOM_VALUES, -600, 600).mapToInt(d -> Float.floatToRawIntBits((float) d));
    return IntStream.concat(patterns, IntStream.concat(bits, small))
        .mapToObj(Float::intBitsToFloat)
        .toArray();
  }

  private static SplittableRandom random() {
    return new SplittableRandom(5);
  }
}
