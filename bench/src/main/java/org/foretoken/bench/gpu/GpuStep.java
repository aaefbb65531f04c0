package org.foretoken.bench.gpu;

import java.util.ArrayList;
import java.util.List;

/**
 * One command of the run.
 *
 * @param name what it is called in the results
 * @param kind what it prints
 * @param weight its share of the time that is left, against the weights of the steps after it
 * @param arguments of the launcher, without a budget of its own
 */
record GpuStep(String name, Kind kind, int weight, List<String> arguments) {
  /** What a step prints, and how its time is limited. */
  enum Kind {
    /** {@code devices --json}: one JSON array. */
    DEVICES,
    /** {@code kernels --check --json}: one JSON object; takes {@code --budget}. */
    CHECK,
    /** {@code bench SUITE --json}: one JSON object; takes {@code --budget}. */
    SUITE,
    /** {@code train --json}: one JSON object. */
    TRAIN
  }

  /** How far the run goes. */
  enum Extent {
    /** Everything. */
    FULL,
    /** Sizes that OpenCL on a CPU can do. */
    SMALL,
    /** No more than compiling: the driver does not run kernels. */
    COMPILE_ONLY
  }

  /** A step that is left out, and why. */
  record Omitted(GpuStep step, String why) {}

  /**
   * All steps in order; what {@code extent} leaves out goes to {@code omitted}.
   *
   * @param parts processes that share the check of all kernels, which compiles more than it runs
   */
  static List<GpuStep> plan(Extent extent, String trainOut, int parts, List<Omitted> omitted) {
    List<GpuStep> steps = new ArrayList<>();
    steps.add(new GpuStep("devices", Kind.DEVICES, 1, List.of("devices", "--json")));
    boolean compileOnly = extent == Extent.COMPILE_ONLY;
    for (int i = 1; i <= parts; i++) {
      steps.add(part(check("kernels by jit", 8, "jit", compileOnly, ""), i, parts));
    }
    steps.add(check("products by cublaslt", 2, "cublaslt", compileOnly, "MatMul"));
    steps.add(check("products by ptx", 2, "ptx", compileOnly, "MatMul"));
    List<GpuStep> rest = new ArrayList<>();
    rest.add(suite("smoke-gpu", 3));
    rest.add(suite("gemm-gpu", 10));
    rest.add(suite("quantize-gpu", 4));
    rest.add(suite("train-gpu", 4));
    rest.add(suite("cpu-vs-gpu", 2));
    rest.add(train("training", extent, trainOut, List.of()));
    rest.add(train("training by CUDA graph", extent, trainOut + "-graph", List.of("--cuda-graph")));
    for (GpuStep step : rest) {
      boolean large = step.kind() == Kind.SUITE && !step.name().equals("smoke-gpu");
      if (compileOnly) {
        omitted.add(new Omitted(step, "the driver does not run kernels (--compile-only)"));
      } else if (extent == Extent.SMALL && large) {
        omitted.add(new Omitted(step, "its sizes are for a GPU (--small)"));
      } else {
        steps.add(step);
      }
    }
    return steps;
  }

  private static GpuStep check(
      String name, int weight, String road, boolean compileOnly, String only) {
    List<String> arguments =
        new ArrayList<>(List.of("kernels", "--check", "--device", "gpu", "--gemm", road, "--json"));
    if (!only.isEmpty()) {
      arguments.addAll(List.of("--only", only));
    }
    if (compileOnly) {
      arguments.add("--compile-only");
    }
    return new GpuStep(name, Kind.CHECK, weight, List.copyOf(arguments));
  }

  private static GpuStep part(GpuStep step, int i, int parts) {
    if (parts == 1) {
      return step;
    }
    String part = i + "/" + parts;
    List<String> arguments = new ArrayList<>(step.arguments);
    arguments.addAll(List.of("--part", part));
    return new GpuStep(step.name + " " + part, step.kind, step.weight / parts, arguments);
  }

  private static GpuStep suite(String name, int weight) {
    return new GpuStep(name, Kind.SUITE, weight, List.of("bench", name, "--json"));
  }

  private static GpuStep train(String name, Extent extent, String out, List<String> more) {
    List<String> arguments =
        new ArrayList<>(List.of("train", "--device", "gpu", "--json", "--out", out));
    arguments.addAll(List.of("--set", "train.eval_every=0"));
    if (extent == Extent.SMALL) {
      arguments.addAll(
          List.of(
              "--steps", "3", "--set", "train.batch_size=1", "--set", "train.sequence_length=32"));
    } else {
      arguments.addAll(List.of("--steps", "60"));
    }
    arguments.addAll(more);
    return new GpuStep(name, Kind.TRAIN, 3, List.copyOf(arguments));
  }
}
