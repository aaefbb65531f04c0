package org.foretoken.emulator.exec;

import java.util.Set;
import org.foretoken.emulator.code.KernelCode;
import uk.ac.manchester.tornado.api.exceptions.TornadoRuntimeException;

/** A kernel did what a device cannot do, or must not; one line says what, which, who and where. */
public final class KernelFault extends TornadoRuntimeException {
  private static final long serialVersionUID = 1L;

  /** Methods of the emulator that call kernels: frames beyond them are not the kernel's. */
  private static final Set<String> BELOW_KERNEL = Set.of("runAlone", "runTogether", "runLoops");

  /** What went wrong. */
  public enum Kind {
    /** An index beyond an array. */
    OUT_OF_BOUNDS("out of bounds"),
    /** A read of local memory that no item of the group wrote. */
    UNWRITTEN_LOCAL("read of unwritten local memory"),
    /** A read of device memory that was neither transferred nor written by a kernel. */
    ABSENT("read of data that is not on the device"),
    /** Two items touch one element without a barrier between them, and one of them writes. */
    RACE("data race"),
    /** An asynchronous copy that nobody waited for. */
    COPY_IN_FLIGHT("asynchronous copy not waited for"),
    /** A barrier that some items of the group never reach. */
    DIVERGENT_BARRIER("divergent barrier"),
    /** An operation of the warp that some lanes never reach. */
    DIVERGENT_WARP("divergent warp operation"),
    /** Too much local memory, or not the same in all items. */
    LOCAL_MEMORY("local memory"),
    /** An operation of the kernel context was called wrongly. */
    MISUSE("misuse"),
    /** Java threw in the kernel; a device would go on with garbage. */
    EXCEPTION("exception");

    private final String words;

    Kind(String words) {
      this.words = words;
    }

    @Override
    public String toString() {
      return words;
    }
  }

  private final Kind kind;

  /** With the kernel, the item in words, and the rest of the line. */
  public KernelFault(Kind kind, String kernel, String item, String what) {
    super(kind + " in kernel " + kernel + at() + ", " + item + ": " + what);
    this.kind = kind;
  }

  /** From what Java threw in a kernel. */
  KernelFault(String kernel, String item, RuntimeException thrown) {
    super(
        kindOf(thrown)
            + " in kernel "
            + kernel
            + at(thrown.getStackTrace())
            + ", "
            + item
            + ": "
            + (thrown instanceof IndexOutOfBoundsException ? thrown.getMessage() : thrown));
    kind = kindOf(thrown);
    initCause(thrown);
  }

  /** What went wrong. */
  public Kind kind() {
    return kind;
  }

  private static Kind kindOf(RuntimeException thrown) {
    return thrown instanceof IndexOutOfBoundsException ? Kind.OUT_OF_BOUNDS : Kind.EXCEPTION;
  }

  private static String at() {
    return at(new Throwable().getStackTrace());
  }

  /** The kernel's own line among the frames, in parentheses. */
  private static String at(StackTraceElement[] frames) {
    for (StackTraceElement frame : frames) {
      String type = frame.getClassName();
      if (KernelCode.isProgram(type.replace('.', '/'))) {
        return " (" + frame.getFileName() + ":" + frame.getLineNumber() + ")";
      }
      if (BELOW_KERNEL.contains(frame.getMethodName())) {
        return "";
      }
    }
    return "";
  }
}
