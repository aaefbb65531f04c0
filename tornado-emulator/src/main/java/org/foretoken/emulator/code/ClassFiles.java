package org.foretoken.emulator.code;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** Parsed class files, by internal name, as one class loader sees them. */
public final class ClassFiles {
  private final ClassLoader loader;
  private final Map<String, Optional<ClassModel>> models = new HashMap<>();

  /** The class files that {@code loader} (null for the boot loader) would load. */
  public ClassFiles(ClassLoader loader) {
    this.loader = loader == null ? ClassLoader.getSystemClassLoader() : loader;
  }

  /** The class of this internal name, if its bytes can be had. */
  public Optional<ClassModel> find(String internalName) {
    return models.computeIfAbsent(internalName, this::read);
  }

  /** The loader whose classes these are. */
  public ClassLoader loader() {
    return loader;
  }

  private Optional<ClassModel> read(String internalName) {
    try (InputStream in = loader.getResourceAsStream(internalName + ".class")) {
      return in == null ? Optional.empty() : Optional.of(ClassFile.of().parse(in.readAllBytes()));
    } catch (IOException e) {
      return Optional.empty();
    }
  }
}
