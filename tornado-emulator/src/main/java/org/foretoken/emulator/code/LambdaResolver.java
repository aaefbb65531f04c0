package org.foretoken.emulator.code;

import java.lang.classfile.Instruction;
import java.lang.classfile.MethodModel;
import java.lang.classfile.instruction.InvokeDynamicInstruction;
import java.lang.constant.DirectMethodHandleDesc;
import java.lang.invoke.MethodType;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.foretoken.emulator.graph.TaskDefinition;
import uk.ac.manchester.tornado.api.exceptions.TornadoTaskRuntimeException;

/**
 * Finds the static method that a task's method reference or lambda calls.
 *
 * <p>The class of a lambda is generated at run time and names its target in its constant pool,
 * which can be read where {@code jdk.internal.access} and {@code jdk.internal.reflect} are
 * exported. Where they are not, the target is one of those that the surrounding class makes such
 * lambdas from; the arguments' types, and then the place where the task was declared, decide
 * between several.
 */
public final class LambdaResolver {
  private LambdaResolver() {}

  /** The method, or an error that says how the task should have been written. */
  public static Method resolve(TaskDefinition task) {
    Class<?> type = task.code().getClass();
    Method method =
        ConstantPools.AVAILABLE ? fromConstantPool(task, type) : fromSurroundingClass(task, type);
    if (!Modifier.isStatic(method.getModifiers())) {
      throw error(task, "expected a static method, found the instance method " + name(method));
    }
    if (method.getParameterCount() != task.arguments().size()) {
      throw error(
          task,
          "expected a lambda that captures nothing, found one that calls "
              + name(method)
              + " with other values than the task's arguments; pass them as arguments");
    }
    return method;
  }

  private static Method fromConstantPool(TaskDefinition task, Class<?> type) {
    List<Method> called =
        ConstantPools.methods(type).stream()
            .filter(m -> !m.getDeclaringClass().getName().startsWith("java.lang."))
            .filter(m -> m.getDeclaringClass() != type)
            .toList();
    if (called.size() != 1) {
      throw error(
          task,
          "expected a method reference or lambda, found an object of "
              + type.getName()
              + " that calls "
              + called.size()
              + " methods");
    }
    return called.getFirst();
  }

  private static Method fromSurroundingClass(TaskDefinition task, Class<?> type) {
    Class<?> surrounding = type.getNestHost();
    List<Method> candidates = new ArrayList<>();
    for (Class<?> member : surrounding.getNestMembers()) {
      if (!member.isHidden()) {
        candidates.addAll(targets(task, member, type.getInterfaces()[0]));
      }
    }
    if (candidates.size() > 1 && surrounding == task.callSite().getDeclaringClass().getNestHost()) {
      candidates.retainAll(targetsBeforeCall(task, candidates));
    }
    if (candidates.size() != 1) {
      throw error(
          task,
          "expected one method that the task can mean, found "
              + candidates.stream().map(LambdaResolver::name).toList()
              + "; run Java with --add-exports java.base/jdk.internal.access=ALL-UNNAMED "
              + "--add-exports java.base/jdk.internal.reflect=ALL-UNNAMED");
    }
    return candidates.getFirst();
  }

  /** All methods that this class makes lambdas of the interface from and that fit the arguments. */
  private static List<Method> targets(TaskDefinition task, Class<?> maker, Class<?> functional) {
    Set<Method> found = new LinkedHashSet<>();
    ClassFiles files = new ClassFiles(maker.getClassLoader());
    for (MethodModel method :
        files.find(maker.getName().replace('.', '/')).orElseThrow().methods()) {
      method
          .code()
          .ifPresent(
              code ->
                  code.forEach(
                      element -> {
                        if (element instanceof InvokeDynamicInstruction indy
                            && makes(indy, functional)) {
                          target(indy, maker).filter(m -> fits(m, task)).ifPresent(found::add);
                        }
                      }));
    }
    return List.copyOf(found);
  }

  /** The candidate whose lambda is the last one made before the call that declared the task. */
  private static List<Method> targetsBeforeCall(TaskDefinition task, List<Method> candidates) {
    StackWalker.StackFrame site = task.callSite();
    Class<?> caller = site.getDeclaringClass();
    ClassFiles files = new ClassFiles(caller.getClassLoader());
    List<Method> last = new ArrayList<>();
    for (MethodModel method :
        files.find(caller.getName().replace('.', '/')).orElseThrow().methods()) {
      if (method.methodName().equalsString(site.getMethodName())
          && method.methodType().equalsString(site.getDescriptor())) {
        var code = method.code().orElseThrow();
        int at = 0;
        for (var element : code) {
          if (element instanceof InvokeDynamicInstruction indy
              && at < site.getByteCodeIndex()
              && makes(indy, task.code().getClass().getInterfaces()[0])) {
            last = target(indy, caller).filter(candidates::contains).stream().toList();
          }
          if (element instanceof Instruction instruction) {
            at += instruction.sizeInBytes();
          }
        }
      }
    }
    return last;
  }

  private static boolean makes(InvokeDynamicInstruction indy, Class<?> functional) {
    return indy.typeSymbol().returnType().descriptorString().equals(functional.descriptorString())
        && indy.bootstrapMethod().owner().displayName().equals("LambdaMetafactory");
  }

  private static Optional<Method> target(InvokeDynamicInstruction indy, Class<?> maker) {
    return indy.bootstrapArgs().stream()
        .filter(DirectMethodHandleDesc.class::isInstance)
        .map(DirectMethodHandleDesc.class::cast)
        .findFirst()
        .flatMap(handle -> load(handle, maker));
  }

  private static Optional<Method> load(DirectMethodHandleDesc handle, Class<?> maker) {
    try {
      ClassLoader loader = maker.getClassLoader();
      Class<?> owner =
          Class.forName(
              handle.owner().descriptorString().replaceAll("^L|;$", "").replace('/', '.'),
              false,
              loader);
      MethodType type = MethodType.fromMethodDescriptorString(handle.lookupDescriptor(), loader);
      return Optional.of(owner.getDeclaredMethod(handle.methodName(), type.parameterArray()));
    } catch (ClassNotFoundException | NoSuchMethodException _) {
      return Optional.empty();
    }
  }

  private static boolean fits(Method method, TaskDefinition task) {
    Class<?>[] types = method.getParameterTypes();
    if (types.length != task.arguments().size()) {
      return false;
    }
    for (int i = 0; i < types.length; i++) {
      Class<?> boxed = MethodType.methodType(types[i]).wrap().returnType();
      if (!boxed.isInstance(task.arguments().get(i))) {
        return false;
      }
    }
    return true;
  }

  private static String name(Method method) {
    return MethodKey.of(method).shortName();
  }

  private static TornadoTaskRuntimeException error(TaskDefinition task, String what) {
    return new TornadoTaskRuntimeException("task " + task.name() + ": " + what);
  }
}
