package org.foretoken.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The constants of the bindings are those of NVIDIA's headers. Skipped where {@code CUDA_PATH}
 * leads to none.
 */
class CudaHeadersTest {
  private static final Map<String, Integer> OURS =
      Map.ofEntries(
          Map.entry("CUBLAS_COMPUTE_32F", CublasLt.COMPUTE_32F),
          Map.entry("CUDA_R_32F", CublasLt.TYPE_32F),
          Map.entry("CUDA_R_16BF", CublasLt.TYPE_16BF),
          Map.entry("CUDA_R_8F_E4M3", CublasLt.TYPE_8F_E4M3),
          Map.entry("CUBLAS_OP_N", CublasLt.OP_N),
          Map.entry("CUBLAS_OP_T", CublasLt.OP_T),
          Map.entry("CUBLASLT_MATMUL_DESC_TRANSA", CublasLt.DESC_TRANSA),
          Map.entry("CUBLASLT_MATMUL_DESC_TRANSB", CublasLt.DESC_TRANSB),
          Map.entry("CUBLASLT_MATMUL_DESC_A_SCALE_POINTER", CublasLt.DESC_A_SCALE_POINTER),
          Map.entry("CUBLASLT_MATMUL_DESC_B_SCALE_POINTER", CublasLt.DESC_B_SCALE_POINTER),
          Map.entry("CUBLASLT_MATMUL_DESC_A_SCALE_MODE", CublasLt.DESC_A_SCALE_MODE),
          Map.entry("CUBLASLT_MATMUL_DESC_B_SCALE_MODE", CublasLt.DESC_B_SCALE_MODE),
          Map.entry("CUBLASLT_MATMUL_MATRIX_SCALE_VEC128_32F", CublasLt.SCALE_VEC128_32F),
          Map.entry("CUBLASLT_MATMUL_MATRIX_SCALE_BLK128x128_32F", CublasLt.SCALE_BLK128X128_32F),
          Map.entry("CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES", CublasLt.PREF_MAX_WORKSPACE_BYTES),
          Map.entry(
              "CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES", CublasLt.PREF_MIN_ALIGNMENT_A_BYTES),
          Map.entry(
              "CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES", CublasLt.PREF_MIN_ALIGNMENT_D_BYTES),
          Map.entry(
              "CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT",
              CudaDriver.ATTRIBUTE_MULTIPROCESSOR_COUNT),
          Map.entry(
              "CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR",
              CudaDriver.ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR),
          Map.entry(
              "CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES",
              CudaDriver.FUNC_MAX_DYNAMIC_SHARED_SIZE_BYTES),
          Map.entry("CU_TENSOR_MAP_DATA_TYPE_UINT8", CudaDriver.TENSOR_MAP_UINT8),
          Map.entry("CU_TENSOR_MAP_INTERLEAVE_NONE", CudaDriver.TENSOR_MAP_INTERLEAVE_NONE));

  @ParameterizedTest
  @CsvSource({
    "cublasLt.h, CUBLASLT_",
    "cublas_api.h, CUBLAS_",
    "library_types.h, CUDA_",
    "cuda.h, CU_"
  })
  void constantsAreTheHeaders(String header, String prefix) throws IOException {
    String cuda = System.getenv("CUDA_PATH");
    assumeTrue(cuda != null, "no CUDA_PATH");
    Path file = Path.of(cuda, "include", header);
    assumeTrue(Files.isReadable(file), "no " + file);
    List<String> lines = Files.readAllLines(file);
    Stream<String> names = OURS.keySet().stream().filter(name -> name.startsWith(prefix)).sorted();
    assertThat(names)
        .isNotEmpty()
        .allSatisfy(name -> assertThat(value(lines, name)).as(name).isEqualTo(OURS.get(name)));
  }

  private static int value(List<String> lines, String name) {
    Pattern assignment = Pattern.compile("\\s*" + name + "\\s*=\\s*(\\d+).*");
    return lines.stream()
        .map(assignment::matcher)
        .filter(Matcher::matches)
        .map(m -> Integer.parseInt(m.group(1)))
        .findFirst()
        .orElse(-1);
  }
}
