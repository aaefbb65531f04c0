package org.foretoken.emulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.List;
import org.foretoken.emulator.lint.Finding;
import org.foretoken.emulator.lint.Finding.Severity;
import org.foretoken.emulator.lint.KernelLint;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;
import uk.ac.manchester.tornado.api.exceptions.TornadoBailoutRuntimeException;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Each construct that TornadoVM does not compile, or compiles wrongly, is found and located. */
class LintTest {
  private static List<Finding> findings(String kernel) {
    Method method =
        Arrays.stream(DoubtfulKernels.class.getDeclaredMethods())
            .filter(m -> m.getName().equals(kernel))
            .findFirst()
            .orElseThrow();
    return KernelLint.check(method);
  }

  @Test
  void cleanKernelHasNoFindings() {
    assertThat(findings("clean")).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          unsignedShift   | ERROR   | >>> becomes an arithmetic shift
          signedDivision  | WARNING | x / 2^n is wrong for negative x
          byteParameter   | ERROR   | byte[] parameter
          bitCast         | ERROR   | Float.floatToRawIntBits
          mathematics     | ERROR   | Math.rint
          mathematics     | ERROR   | Math.round
          mathematics     | ERROR   | Math.floor
          mathematics     | ERROR   | Math.abs of an int
          staticArray     | ERROR   | static array TABLE
          throwing        | ERROR   | throw does not compile
          recursive       | ERROR   | recursion
          earlyReturn     | ERROR   | out of a loop
          loopsInArms     | ERROR   | loops in both arms
          strided         | ERROR   | neither starts at 0 nor steps by 1
          max             | ERROR   | the name max
          kernel          | ERROR   | the name kernel
          flag            | ERROR   | boolean parameter
          arrayToHelper   | ERROR   | an array handed to an inlined helper
          variableShape   | ERROR   | shape of mma
          fragmentElement | ERROR   | elements of a fragment
          variableWait    | ERROR   | asyncCopyWaitGroup
          dynamicArray    | ERROR   | private array
          objects         | ERROR   | new java/lang/StringBuilder
          remainder       | ERROR   | % of floating-point
          warpSum         | WARNING | simdSum silently returns
          """)
  void constructIsFound(String kernel, Severity severity, String words) {
    assertThat(findings(kernel))
        .anySatisfy(
            finding -> {
              assertThat(finding.severity()).isEqualTo(severity);
              assertThat(finding.what()).contains(words);
              assertThat(finding.line()).isPositive();
              assertThat(finding.toString())
                  .contains("kernel DoubtfulKernels." + kernel + " (DoubtfulKernels.java:")
                  .contains("; " + finding.wayOut())
                  .doesNotContain("\n");
            });
  }

  @Test
  void placeInAHelperIsGiven() {
    assertThat(findings("earlyReturn"))
        .anySatisfy(
            finding -> {
              assertThat(finding.kernel()).isEqualTo("DoubtfulKernels.earlyReturn");
              assertThat(finding.method()).isEqualTo("DoubtfulKernels.firstSquareAbove");
            });
  }

  @Test
  void kernelsOfAClassAreFound() {
    assertThat(KernelLint.kernels(DoubtfulKernels.class))
        .extracting(Method::getName)
        .contains("clean", "max", "warpSum")
        .doesNotContain("factorial", "firstSquareAbove");
    assertThat(KernelLint.check(DoubtfulKernels.class))
        .hasSizeGreaterThan(20)
        .noneMatch(finding -> finding.kernel().endsWith(".clean"));
  }

  @Test
  void plansRefuseDoubtfulKernelsWhenAsked() {
    IntArray x = IntArray.fromElements(1, 2, 3);
    TaskGraph graph =
        new TaskGraph("g")
            .transferToDevice(DataTransferMode.EVERY_EXECUTION, x)
            .task("t", DoubtfulKernels::unsignedShift, x);
    System.setProperty(Emulator.LINT_PROPERTY, "true");
    try {
      assertThatThrownBy(() -> Launch.once(graph))
          .isInstanceOf(TornadoBailoutRuntimeException.class)
          .hasMessageContaining("g.t")
          .hasMessageContaining(">>>");
    } finally {
      System.clearProperty(Emulator.LINT_PROPERTY);
    }
    Launch.once(graph);
  }
}
