package org.foretoken.emulator.exec;

import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task1;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task10;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task11;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task12;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task13;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task14;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task15;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task16;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task17;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task18;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task19;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task2;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task20;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task3;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task4;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task5;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task6;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task7;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task8;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task9;

/** Calls a task's functional object with its arguments from an array. */
final class TaskBody {
  private TaskBody() {}

  /** The object, seen as a body, for any of the {@code TaskN} interfaces. */
  @SuppressWarnings("unchecked")
  static KernelBody of(Object code) {
    return switch (code) {
      case Task t -> a -> t.apply();
      case Task1<?> t -> {
        Task1<Object> task = (Task1<Object>) t;
        yield a -> task.apply(a[0]);
      }
      case Task2<?, ?> t -> {
        Task2<Object, Object> task = (Task2<Object, Object>) t;
        yield a -> task.apply(a[0], a[1]);
      }
      case Task3<?, ?, ?> t -> {
        Task3<Object, Object, Object> task = (Task3<Object, Object, Object>) t;
        yield a -> task.apply(a[0], a[1], a[2]);
      }
      case Task4<?, ?, ?, ?> t -> {
        Task4<Object, Object, Object, Object> task = (Task4<Object, Object, Object, Object>) t;
        yield a -> task.apply(a[0], a[1], a[2], a[3]);
      }
      case Task5<?, ?, ?, ?, ?> t -> {
        Task5<Object, Object, Object, Object, Object> task =
            (Task5<Object, Object, Object, Object, Object>) t;
        yield a -> task.apply(a[0], a[1], a[2], a[3], a[4]);
      }
      case Task6<?, ?, ?, ?, ?, ?> t -> {
        Task6<Object, Object, Object, Object, Object, Object> task =
            (Task6<Object, Object, Object, Object, Object, Object>) t;
        yield a -> task.apply(a[0], a[1], a[2], a[3], a[4], a[5]);
      }
      case Task7<?, ?, ?, ?, ?, ?, ?> t -> {
        Task7<Object, Object, Object, Object, Object, Object, Object> task =
            (Task7<Object, Object, Object, Object, Object, Object, Object>) t;
        yield a -> task.apply(a[0], a[1], a[2], a[3], a[4], a[5], a[6]);
      }
      case Task8<?, ?, ?, ?, ?, ?, ?, ?> t -> {
        Task8<Object, Object, Object, Object, Object, Object, Object, Object> task =
            (Task8<Object, Object, Object, Object, Object, Object, Object, Object>) t;
        yield a -> task.apply(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7]);
      }
      case Task9<?, ?, ?, ?, ?, ?, ?, ?, ?> t -> {
        Task9<Object, Object, Object, Object, Object, Object, Object, Object, Object> task =
            (Task9<Object, Object, Object, Object, Object, Object, Object, Object, Object>) t;
        yield a -> task.apply(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8]);
      }
      case Task10<?, ?, ?, ?, ?, ?, ?, ?, ?, ?> t -> {
        Task10<Object, Object, Object, Object, Object, Object, Object, Object, Object, Object>
            task =
                (Task10<
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object>)
                    t;
        yield a -> task.apply(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9]);
      }
      case Task11<?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?> t -> {
        Task11<
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object>
            task =
                (Task11<
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object>)
                    t;
        yield a -> task.apply(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9], a[10]);
      }
      case Task12<?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?> t -> {
        Task12<
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object>
            task =
                (Task12<
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object>)
                    t;
        yield a ->
            task.apply(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9], a[10], a[11]);
      }
      case Task13<?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?> t -> {
        Task13<
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object>
            task =
                (Task13<
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object>)
                    t;
        yield a ->
            task.apply(
                a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9], a[10], a[11], a[12]);
      }
      case Task14<?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?> t -> {
        Task14<
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object>
            task =
                (Task14<
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object>)
                    t;
        yield a ->
            task.apply(
                a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9], a[10], a[11], a[12],
                a[13]);
      }
      case Task15<?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?> t -> {
        Task15<
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object>
            task =
                (Task15<
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object>)
                    t;
        yield a ->
            task.apply(
                a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9], a[10], a[11], a[12],
                a[13], a[14]);
      }
      case Task16<?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?> t -> {
        Task16<
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object>
            task =
                (Task16<
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object>)
                    t;
        yield a ->
            task.apply(
                a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9], a[10], a[11], a[12],
                a[13], a[14], a[15]);
      }
      case Task17<?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?> t -> {
        Task17<
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object>
            task =
                (Task17<
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object>)
                    t;
        yield a ->
            task.apply(
                a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9], a[10], a[11], a[12],
                a[13], a[14], a[15], a[16]);
      }
      case Task18<?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?> t -> {
        Task18<
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object>
            task =
                (Task18<
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object>)
                    t;
        yield a ->
            task.apply(
                a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9], a[10], a[11], a[12],
                a[13], a[14], a[15], a[16], a[17]);
      }
      case Task19<?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?> t -> {
        Task19<
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object>
            task =
                (Task19<
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object>)
                    t;
        yield a ->
            task.apply(
                a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9], a[10], a[11], a[12],
                a[13], a[14], a[15], a[16], a[17], a[18]);
      }
      case Task20<?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?> t -> {
        Task20<
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object,
                Object>
            task =
                (Task20<
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object,
                        Object>)
                    t;
        yield a ->
            task.apply(
                a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9], a[10], a[11], a[12],
                a[13], a[14], a[15], a[16], a[17], a[18], a[19]);
      }
      default ->
          throw new IllegalArgumentException(
              "task: expected one of the TornadoFunctions interfaces, found " + code.getClass());
    };
  }
}
