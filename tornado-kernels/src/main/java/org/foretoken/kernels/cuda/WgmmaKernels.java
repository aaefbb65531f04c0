package org.foretoken.kernels.cuda;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** All variants of {@link WgmmaFp8Gemm} as files, for tools that measure them one by one. */
public final class WgmmaKernels {
  private WgmmaKernels() {}

  /**
   * Writes each variant's PTX, and {@code kernels.txt} with a line for each: file, kernel, bytes of
   * dynamic shared memory, threads, work groups of a cluster, and blocks or tiles for b's scales.
   *
   * @param folder is made where it is not there
   * @return the files
   */
  public static List<Path> write(Path folder) throws IOException {
    Files.createDirectories(folder);
    List<Path> files = new ArrayList<>();
    StringBuilder list = new StringBuilder();
    for (WgmmaScales scales : WgmmaScales.values()) {
      for (int cluster = 1; cluster <= 2; cluster++) {
        for (WgmmaOverlap overlap : WgmmaOverlap.values()) {
          if (!overlap.fits(scales)) {
            continue;
          }
          WgmmaFp8Gemm kernel = new WgmmaFp8Gemm(scales, cluster, overlap);
          String kind = scales.name().toLowerCase(Locale.ROOT);
          String ahead =
              overlap == WgmmaOverlap.NONE ? "" : "-" + overlap.name().toLowerCase(Locale.ROOT);
          String name = kind + "-cluster" + cluster + ahead + ".ptx";
          files.add(Files.writeString(folder.resolve(name), kernel.ptx()));
          list.append(
              String.join(
                  " ",
                  name,
                  kernel.kernelName(),
                  "" + WgmmaFp8Gemm.SHARED_BYTES,
                  "" + WgmmaFp8Gemm.THREADS,
                  "" + cluster,
                  kind));
          list.append('\n');
        }
      }
    }
    files.add(Files.writeString(folder.resolve("kernels.txt"), list));
    return files;
  }
}
