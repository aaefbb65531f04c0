package org.foretoken.tests;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackages;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.GeneralCodingRules.ACCESS_STANDARD_STREAMS;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import java.util.Map;

/** The rules of docs/ARCHITECTURE.md that a compiler does not check. */
@AnalyzeClasses(packages = "org.foretoken", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {
  private static final String FP8 = "org.foretoken.fp8..";
  private static final String EMULATOR = "org.foretoken.emulator..";
  private static final String KERNELS = "org.foretoken.kernels..";
  private static final String MODEL = "org.foretoken.model..";
  private static final String CLI = "org.foretoken.cli..";
  private static final String BENCH = "org.foretoken.bench..";

  @ArchTest
  static final ArchRule fp8DependsOnNoOtherModule =
      noClasses()
          .that(resideInAPackage(FP8))
          .should()
          .dependOnClassesThat(resideInAnyPackage(EMULATOR, KERNELS, MODEL, CLI, BENCH));

  @ArchTest
  static final ArchRule kernelsDependOnFp8Only =
      noClasses()
          .that(resideInAPackage(KERNELS))
          .should()
          .dependOnClassesThat(resideInAnyPackage(MODEL, CLI, BENCH));

  @ArchTest
  static final ArchRule modelDoesNotKnowTheCommandLine =
      noClasses()
          .that(resideInAPackage(MODEL))
          .should()
          .dependOnClassesThat(resideInAnyPackage(CLI, BENCH));

  @ArchTest
  static final ArchRule theCommandLineDoesNotKnowTheBenchmarks =
      noClasses()
          .that(resideInAPackage(CLI))
          .should()
          .dependOnClassesThat(resideInAnyPackage(BENCH));

  @ArchTest
  static final ArchRule onlyKernelsUseTornadoVm =
      noClasses()
          .that(resideOutsideOfPackages(KERNELS, EMULATOR))
          .should()
          .dependOnClassesThat(resideInAPackage("uk.ac.manchester.tornado.."));

  @ArchTest
  static final ArchRule onlyTheCommandLinePrints =
      noClasses().that(resideOutsideOfPackages(CLI, BENCH)).should(ACCESS_STANDARD_STREAMS);

  @ArchTest
  static final ArchRule onlyTheCommandLineEndsTheProcess =
      noClasses()
          .that(resideOutsideOfPackages(CLI, BENCH))
          .should()
          .callMethod(System.class, "exit", int.class);

  @ArchTest
  static final ArchRule modulesAreFreeOfCycles =
      slices().matching("org.foretoken.(*)..").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule packagesAreFreeOfCycles =
      slices().assignedFrom(new Packages()).should().beFreeOfCycles();

  @ArchTest
  static final ArchRule namesCarryNoVersionSuffix =
      classes().should().haveNameNotMatching(".*(V[0-9]+|Optimized|New|Impl)$");

  /**
   * Every package by itself, but for two pairs that are one unit each: a graph's nodes hold
   * operations, whose signatures speak of the graph's tensors; and the emulator's executor calls
   * the sanitizer, which watches the executor's buffers and work items.
   */
  private static final class Packages implements SliceAssignment {
    private static final Map<String, String> UNITS =
        Map.of(
            "org.foretoken.kernels.op", "org.foretoken.kernels.graph",
            "org.foretoken.emulator.sanitizer", "org.foretoken.emulator.exec");

    @Override
    public SliceIdentifier getIdentifierOf(JavaClass type) {
      String name = type.getPackageName();
      return name.startsWith("org.foretoken.")
          ? SliceIdentifier.of(UNITS.getOrDefault(name, name))
          : SliceIdentifier.ignore();
    }

    @Override
    public String getDescription() {
      return "packages";
    }
  }
}
