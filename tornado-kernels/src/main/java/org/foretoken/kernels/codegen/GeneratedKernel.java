package org.foretoken.kernels.codegen;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One kernel as TornadoVM handed it to the driver's compiler.
 *
 * @param name its method's name
 * @param language of {@code source}
 * @param source the text, headers included
 */
public record GeneratedKernel(String name, Language language, String source) {
  /** Languages that TornadoVM's backends generate. */
  public enum Language {
    /** CUDA C, compiled by NVRTC. */
    CUDA("cu"),
    /** OpenCL C, compiled by the OpenCL driver. */
    OPENCL("cl");

    private final String suffix;

    Language(String suffix) {
      this.suffix = suffix;
    }

    /** Suffix of a file that holds such a source, without the dot. */
    public String suffix() {
      return suffix;
    }
  }

  private static final Pattern CUDA = Pattern.compile("__global__\\s+void\\s+(\\w+)\\s*\\(");
  private static final Pattern OPENCL = Pattern.compile("__kernel\\s+void\\s+(\\w+)\\s*\\(");

  /** TornadoVM closes every kernel with this line. */
  private static final Pattern END = Pattern.compile("(?m)^}\\s*//\\s*kernel\\s*$");

  /** The kernels of a listing that TornadoVM wrote, in its order; what is no kernel is left out. */
  static List<GeneratedKernel> parse(String listing) {
    List<GeneratedKernel> kernels = new ArrayList<>();
    Matcher end = END.matcher(listing);
    int start = 0;
    while (end.find()) {
      String source = listing.substring(start, end.end()).strip() + "\n";
      start = end.end();
      Matcher cuda = CUDA.matcher(source);
      Matcher openCl = OPENCL.matcher(source);
      if (cuda.find()) {
        kernels.add(new GeneratedKernel(cuda.group(1), Language.CUDA, source));
      } else if (openCl.find()) {
        kernels.add(new GeneratedKernel(openCl.group(1), Language.OPENCL, source));
      }
    }
    return kernels;
  }
}
