package org.foretoken.emulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.Executable;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import uk.ac.manchester.tornado.api.TaskGraph;

/**
 * Everything public under {@code uk.ac.manchester.tornado} here is in TornadoVM's own API and
 * runtime with the same signature.
 *
 * <p>Skipped where there are no such jars, see {@link TornadoApi}.
 */
class ApiSignatureTest {
  private final List<String> differences = new ArrayList<>();
  private int compared;

  @Test
  void everySignatureIsTornadoVms() throws Exception {
    try (URLClassLoader sdk = TornadoApi.open()) {
      for (String name : emulatedClasses()) {
        compare(Class.forName(name, false, getClass().getClassLoader()), sdk);
      }
    }
    System.out.println("compared " + compared + " signatures with " + TornadoApi.jars());
    assertThat(differences).isEmpty();
    assertThat(compared).isGreaterThan(500);
  }

  private void compare(Class<?> ours, ClassLoader sdk) {
    if (!Modifier.isPublic(ours.getModifiers())) {
      return;
    }
    Class<?> theirs;
    try {
      theirs = Class.forName(ours.getName(), false, sdk);
    } catch (ClassNotFoundException e) {
      differences.add("not in TornadoVM: " + ours.getName());
      return;
    }
    compareTypes(ours, theirs);
    List<String> known = new ArrayList<>();
    visible(theirs.getDeclaredConstructors()).forEach(c -> known.add(signature(c)));
    allMethods(theirs).forEach(m -> known.add(signature(m)));
    for (Constructor<?> constructor : visible(ours.getDeclaredConstructors()).toList()) {
      require(ours, known, signature(constructor));
    }
    for (Method method : visible(ours.getDeclaredMethods()).toList()) {
      require(ours, known, signature(method));
    }
    for (Field field : ours.getDeclaredFields()) {
      if (Modifier.isPublic(field.getModifiers()) && !field.isSynthetic()) {
        compareField(ours, theirs, field);
      }
    }
  }

  private void compareTypes(Class<?> ours, Class<?> theirs) {
    compared++;
    String kind = ours.isInterface() + " " + ours.isEnum() + " " + ours.isAnnotation();
    String theirKind = theirs.isInterface() + " " + theirs.isEnum() + " " + theirs.isAnnotation();
    if (!kind.equals(theirKind)) {
      differences.add("another kind of type: " + ours.getName());
    }
    if (superclass(ours) != null && !superclass(ours).equals(superclass(theirs))) {
      differences.add(
          ours.getName() + " extends " + superclass(ours) + ", not " + superclass(theirs));
    }
    List<String> interfaces = Arrays.stream(theirs.getInterfaces()).map(Class::getName).toList();
    for (Class<?> type : ours.getInterfaces()) {
      if (!interfaces.contains(type.getName())) {
        differences.add(ours.getName() + " does not implement " + type.getName());
      }
    }
  }

  private void compareField(Class<?> ours, Class<?> theirs, Field field) {
    compared++;
    try {
      Field other = theirs.getDeclaredField(field.getName());
      if (!other.getType().getName().equals(field.getType().getName())
          || other.getModifiers() != field.getModifiers()) {
        differences.add("another field: " + field + ", not " + other);
      }
    } catch (NoSuchFieldException e) {
      differences.add("no such field: " + ours.getName() + "." + field.getName());
    }
  }

  private void require(Class<?> type, List<String> known, String signature) {
    compared++;
    if (!known.contains(signature)) {
      differences.add("no such member: " + type.getName() + ": " + signature);
    }
  }

  private static String superclass(Class<?> type) {
    return type.getSuperclass() == null ? null : type.getSuperclass().getName();
  }

  /** A method of a superclass will do: the caller links the same. */
  private static Stream<Method> allMethods(Class<?> type) {
    Stream<Method> own = visible(type.getDeclaredMethods());
    return type.getSuperclass() == null
        ? own
        : Stream.concat(own, allMethods(type.getSuperclass()));
  }

  private static <E extends Executable> Stream<E> visible(E[] members) {
    return Arrays.stream(members)
        .filter(m -> Modifier.isPublic(m.getModifiers()) || Modifier.isProtected(m.getModifiers()))
        .filter(m -> !m.isSynthetic());
  }

  private static String signature(Executable member) {
    String result = member instanceof Method m ? m.getReturnType().getName() : "new";
    String parameters =
        Arrays.stream(member.getGenericParameterTypes())
            .map(Object::toString)
            .collect(Collectors.joining(", "));
    String erased =
        Arrays.stream(member.getParameterTypes())
            .map(Class::getName)
            .collect(Collectors.joining(", "));
    String thrown =
        Arrays.stream(member.getExceptionTypes())
            .filter(e -> !RuntimeException.class.isAssignableFrom(e))
            .map(Class::getName)
            .collect(Collectors.joining(", "));
    return (Modifier.isStatic(member.getModifiers()) ? "static " : "")
        + (Modifier.isPublic(member.getModifiers()) ? "public " : "protected ")
        + (member.isVarArgs() ? "varargs " : "")
        + result
        + " "
        + (member instanceof Method ? member.getName() : "")
        + "("
        + parameters
        + " / "
        + erased
        + ") "
        + thrown;
  }

  private static List<String> emulatedClasses() throws IOException, URISyntaxException {
    URI location = TaskGraph.class.getProtectionDomain().getCodeSource().getLocation().toURI();
    Path root = Path.of(location);
    try (Stream<Path> files = Files.walk(root.resolve("uk"))) {
      return files
          .map(file -> root.relativize(file).toString().replace(java.io.File.separatorChar, '.'))
          .filter(name -> name.endsWith(".class") && !name.endsWith("package-info.class"))
          .map(name -> name.substring(0, name.length() - ".class".length()))
          .sorted()
          .toList();
    }
  }
}
