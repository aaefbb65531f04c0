package org.foretoken.kernels.codegen;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Generated code as TornadoVM writes it, sound and unsound. */
class SourceSearchTest {
  private static List<GeneratedKernel> kernels(String body) {
    String start = "extern \"C\" __global__ void sample(unsigned char *x, int n)\n{\n";
    return GeneratedKernel.parse(start + body.indent(2) + "}  //  kernel\n\n");
  }

  private static List<SourceFinding> search(String body) {
    return SourceSearch.search(kernels(body).getFirst());
  }

  @Test
  void aListingFallsIntoKernels() {
    String openCl = "__kernel void other(__global uchar *x)\n{\n  return;\n}  //  kernel\n";
    List<GeneratedKernel> found =
        GeneratedKernel.parse(kernels("return;").getFirst().source() + "\n" + openCl);
    assertThat(found).extracting(GeneratedKernel::name).containsExactly("sample", "other");
    assertThat(found)
        .extracting(GeneratedKernel::language)
        .containsExactly(GeneratedKernel.Language.CUDA, GeneratedKernel.Language.OPENCL);
  }

  @Test
  void shiftsOfIndicesAndCountersAreSound() {
    assertThat(
            search(
                """
                i_1  =  (blockIdx.x*blockDim.x+threadIdx.x);
                i_2  =  i_1 >> 3;
                i_3  =  i_1;
                for(;i_3 < 207;)
                {
                  i_4  =  i_3 >> 31;
                  i_5  =  i_4 >> 27;
                  i_6  =  i_5 + i_3;
                  i_7  =  i_6 >> 5;
                  i_8  =  i_3 + 128;
                  i_3  =  i_8;
                }
                """))
        .isEmpty();
  }

  @Test
  void aShiftOfWhatMayBeNegativeIsFound() {
    List<SourceFinding> found =
        search(
            """
            i_1  =  *(( int *) ul_0);
            i_2  =  i_1 >> 3;
            i_3  =  i_2 + 1;
            """);
    assertThat(found).hasSize(1);
    assertThat(found.getFirst().toString())
        .isEqualTo("sample:4: i_2  =  i_1 >> 3;: an arithmetic shift of what may be negative");
  }

  @Test
  void aCounterThatRunsDownIsNotSound() {
    assertThat(
            search(
                """
                i_1  =  64;
                i_1  =  i_2;
                i_2  =  i_1 + -1;
                i_3  =  i_1 >> 1;
                l_4  =  (long long) i_3;
                """))
        .hasSize(1);
  }

  @Test
  void aMaskCutsTheSignOff() {
    String start = "i_1  =  *(( int *) ul_0);\ni_2  =  i_1 >> 3;\ni_3  =  i_2 & 15;\n";
    assertThat(search(start)).isEmpty();
    assertThat(search(start + "i_4  =  i_2 + 1;\n")).hasSize(1);
  }

  @Test
  void aNestedConditionIsFound() {
    assertThat(search("b_1  =  i_2 < 0 || i_2 >= 128;\nb_3  =  i_2 >= 0 && i_2 < 128;\n"))
        .isEmpty();
    assertThat(search("b_1  =  isless(f_2, f_3) || isnotequal(f_3, f_2) && i_4 >= 1;\n"))
        .extracting(SourceFinding::what)
        .containsExactly("a nested condition, which loses its negations");
  }

  @Test
  void aLocalArrayThatIsIndexedInBytesIsFound() {
    String array = "__shared__ float adf_5[128];\n";
    assertThat(search(array + "i_6  =  (threadIdx.x);\nadf_5[i_6]  =  f_7;\nf_8  =  adf_5[0];\n"))
        .isEmpty();
    assertThat(search(array + "adf_5[l_35]  =  f_7;\n")).hasSize(1);
    assertThat(search(array + "f_8  =  adf_5[16L];\n")).hasSize(1);
    assertThat(search(array + "f_8  =  adf_5[128];\n")).hasSize(1);
  }

  @Test
  void theEncoderThatBreaksTiesUpwardsIsFound() {
    assertThat(search("b_1  =  __nv_cvt_float_to_fp8(f_0, __NV_SATFINITE, __NV_E4M3);\n"))
        .extracting(SourceFinding::what)
        .containsExactly("__nv_cvt_float_to_fp8 rounds ties away from zero");
  }

  @Test
  void theCompilersReportIsRead() {
    String report =
        """
        ptxas info    : Compiling entry function 'k' for 'sm_90'
        ptxas info    : Function properties for k
            16 bytes stack frame, 8 bytes spill stores, 12 bytes spill loads
        ptxas info    : Used 128 registers, used 1 barriers, 8832 bytes smem
        """;
    KernelResources found = KernelResources.parse(report).orElseThrow();
    assertThat(found).isEqualTo(new KernelResources(128, 8832, 16, 8, 12));
    assertThat(found.spills()).isTrue();
    assertThat(KernelResources.parse("nothing of the kind")).isEmpty();
  }
}
