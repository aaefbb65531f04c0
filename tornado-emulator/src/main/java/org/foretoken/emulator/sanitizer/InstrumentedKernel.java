package org.foretoken.emulator.sanitizer;

import java.lang.classfile.AccessFlags;
import java.lang.classfile.Attribute;
import java.lang.classfile.ClassBuilder;
import java.lang.classfile.ClassElement;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeModel;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.FieldModel;
import java.lang.classfile.Interfaces;
import java.lang.classfile.MethodModel;
import java.lang.classfile.Superclass;
import java.lang.classfile.attribute.SourceFileAttribute;
import java.lang.constant.ConstantDescs;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.foretoken.emulator.code.KernelCode;
import org.foretoken.emulator.code.MethodKey;
import org.foretoken.emulator.code.ParallelLoops;
import org.foretoken.emulator.exec.KernelBody;

/**
 * A copy of a kernel with probes in it, or with fused multiply-adds, or both.
 *
 * <p>Classes of the same names, with just the methods that the kernel reaches, live in a loader of
 * their own, so lines in stack traces are those of the source. Static fields are copied over before
 * each launch.
 */
public final class InstrumentedKernel {
  private final MethodHandle entry;
  private final List<String> loopVariables;
  private final List<StaticField> fields = new ArrayList<>();

  private record StaticField(Field source, Field copy) {}

  /** Instruments a kernel: for the sanitizer, with TornadoVM's fused multiply-adds, or for both. */
  public InstrumentedKernel(KernelCode code, boolean probes, boolean fused) {
    CopyLoader loader = new CopyLoader(code, probes, fused);
    loopVariables = loopVariables(code);
    try {
      MethodKey root = code.root();
      Class<?> owner = loader.loadClass(root.owner().replace('/', '.'));
      MethodType type = MethodType.fromMethodDescriptorString(root.descriptor(), loader);
      entry =
          MethodHandles.publicLookup()
              .findStatic(owner, root.name(), type)
              .asType(type.generic().changeReturnType(void.class))
              .asSpreader(Object[].class, type.parameterCount());
      for (KernelCode.FieldKey key : code.staticFields()) {
        String name = key.owner().replace('/', '.');
        Field source = code.files().loader().loadClass(name).getDeclaredField(key.name());
        source.setAccessible(true);
        Field copy = loader.loadClass(name).getDeclaredField(key.name());
        if (copy.getType() == source.getType()) {
          fields.add(new StaticField(source, copy));
        }
      }
    } catch (ReflectiveOperationException | LinkageError e) {
      throw new IllegalStateException(
          "kernel " + code.root().shortName() + " cannot be instrumented: " + e, e);
    }
  }

  /** The instrumented code as a body. */
  public KernelBody body() {
    refreshFields();
    return arguments -> {
      try {
        entry.invokeExact(arguments);
      } catch (RuntimeException | Error e) {
        throw e;
      } catch (Throwable e) {
        throw new IllegalStateException(e);
      }
    };
  }

  /** Runs the method's parallel loops; groups of work items are run by the caller instead. */
  public void runLoops(Sanitizer sanitizer, Object[] arguments) {
    sanitizer.loops(new LoopItems(loopVariables));
    body().run(arguments);
  }

  private void refreshFields() {
    try {
      for (StaticField field : fields) {
        field.copy.set(null, field.source.get(null));
      }
    } catch (IllegalAccessException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The loop variables of the deepest nest. */
  private static List<String> loopVariables(KernelCode code) {
    Map<Integer, String> byDimension = new HashMap<>();
    for (MethodModel method : code.methods().values()) {
      for (ParallelLoops.Loop loop : ParallelLoops.of(method)) {
        byDimension.putIfAbsent(loop.dimension(), loop.name());
      }
    }
    List<String> variables = new ArrayList<>();
    while (byDimension.containsKey(variables.size())) {
      variables.add(byDimension.get(variables.size()));
    }
    return variables;
  }

  /** Defines the copies and leaves everything else to the kernel's own loader. */
  private static final class CopyLoader extends ClassLoader {
    private final KernelCode code;
    private final boolean probes;
    private final boolean fused;
    private final ClassFile classFile;

    CopyLoader(KernelCode code, boolean probes, boolean fused) {
      super(code.files().loader());
      this.code = code;
      this.probes = probes;
      this.fused = fused;
      classFile =
          ClassFile.of(
              ClassFile.ClassHierarchyResolverOption.of(
                  ClassHierarchyResolver.ofResourceParsing(code.files().loader())
                      .orElse(ClassHierarchyResolver.defaultResolver())));
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      synchronized (getClassLoadingLock(name)) {
        Class<?> loaded = findLoadedClass(name);
        String internalName = name.replace('.', '/');
        if (loaded == null && isCopied(internalName)) {
          byte[] bytes = copy(internalName);
          loaded = defineClass(name, bytes, 0, bytes.length);
        }
        return loaded != null ? loaded : super.loadClass(name, resolve);
      }
    }

    private boolean isCopied(String internalName) {
      return code.owners().contains(internalName)
          || code.staticFields().stream().anyMatch(f -> f.owner().equals(internalName));
    }

    private byte[] copy(String internalName) {
      ClassModel model = code.files().find(internalName).orElseThrow();
      return classFile.transformClass(
          model, ClassTransform.ofStateful(() -> (b, e) -> element(internalName, b, e)));
    }

    private void element(String owner, ClassBuilder builder, ClassElement element) {
      switch (element) {
        case AccessFlags flags ->
            builder.withFlags(
                (flags.flagsMask() & (ClassFile.ACC_INTERFACE | ClassFile.ACC_ABSTRACT))
                    | (flags.has(java.lang.reflect.AccessFlag.INTERFACE) ? 0 : ClassFile.ACC_SUPER)
                    | ClassFile.ACC_PUBLIC);
        case Superclass _ -> builder.withSuperclass(ConstantDescs.CD_Object);
        case Interfaces _ -> builder.withInterfaceSymbols(List.of());
        case FieldModel field -> field(owner, builder, field);
        case MethodModel method -> method(owner, builder, method);
        case SourceFileAttribute source -> builder.with(source);
        case Attribute<?> _ -> {}
        default -> builder.with(element);
      }
    }

    private void field(String owner, ClassBuilder builder, FieldModel field) {
      KernelCode.FieldKey key =
          new KernelCode.FieldKey(
              owner, field.fieldName().stringValue(), field.fieldType().stringValue());
      if (code.staticFields().contains(key)) {
        builder.withField(
            field.fieldName(),
            field.fieldType(),
            b -> b.withFlags(ClassFile.ACC_PUBLIC | ClassFile.ACC_STATIC));
      }
    }

    private void method(String owner, ClassBuilder builder, MethodModel method) {
      MethodKey key =
          new MethodKey(
              owner, method.methodName().stringValue(), method.methodType().stringValue());
      if (code.methods().containsKey(key)) {
        builder.transformMethod(
            method,
            (b, e) -> {
              switch (e) {
                case AccessFlags _ -> b.withFlags(ClassFile.ACC_PUBLIC | ClassFile.ACC_STATIC);
                case CodeModel body -> b.transformCode(body, transform(key, method));
                case Attribute<?> _ -> {}
                default -> b.with(e);
              }
            });
      }
    }

    private CodeTransform transform(MethodKey key, MethodModel method) {
      CodeTransform fusing =
          fused ? new FusedTransform(method, key.equals(code.root())) : CodeTransform.ACCEPT_ALL;
      return probes ? new ProbeTransform(method).andThen(fusing) : fusing;
    }
  }
}
