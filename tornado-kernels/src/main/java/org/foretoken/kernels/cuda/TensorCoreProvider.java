package org.foretoken.kernels.cuda;

import org.foretoken.kernels.op.Layout;
import uk.ac.manchester.tornado.api.common.LibraryTaskDescriptor;
import uk.ac.manchester.tornado.runtime.common.TornadoXPUDevice;
import uk.ac.manchester.tornado.runtime.library.spi.LibraryContext;
import uk.ac.manchester.tornado.runtime.library.spi.LibraryInvocation;
import uk.ac.manchester.tornado.runtime.library.spi.TornadoLibraryProvider;
import uk.ac.manchester.tornado.runtime.library.spi.TornadoNativeStreamSupport;

/**
 * Carries out the tasks of {@link TensorCoreLibrary} on TornadoVM's CUDA devices, on its stream and
 * in its buffers. TornadoVM finds it by {@link java.util.ServiceLoader}.
 */
public final class TensorCoreProvider implements TornadoLibraryProvider {
  /** Called by {@link java.util.ServiceLoader}. */
  public TensorCoreProvider() {}

  @Override
  public String libraryName() {
    return TensorCoreLibrary.NAME;
  }

  @Override
  public boolean canHandle(TornadoXPUDevice device) {
    return device instanceof TornadoNativeStreamSupport;
  }

  @Override
  public LibraryContext createContext(TornadoXPUDevice device, long executionPlanId) {
    TornadoNativeStreamSupport streams = (TornadoNativeStreamSupport) device;
    CudaDriver driver =
        CudaDriver.open()
            .orElseThrow(
                () ->
                    new CudaException(
                        "CUDA driver: expected libcuda.so.1 on the loader's path, found none"));
    return new TensorCoreContext(
        driver,
        streams.getNativeContext(executionPlanId),
        streams.getNativeStream(executionPlanId));
  }

  @Override
  public void prepare(LibraryTaskDescriptor descriptor, LibraryContext context) {
    TensorCoreContext tensorCores = (TensorCoreContext) context;
    Object[] p = descriptor.getParameters();
    switch (descriptor.getFunctionName()) {
      case TensorCoreLibrary.FP8_TILE_BLOCK ->
          tensorCores.plan(MatmulKind.FP8_TILE_BLOCK, (int) p[5], (int) p[6], (int) p[7]);
      case TensorCoreLibrary.FP8_TILE_TILE ->
          tensorCores.plan(MatmulKind.FP8_TILE_TILE, (int) p[5], (int) p[6], (int) p[7]);
      case TensorCoreLibrary.BF16 ->
          tensorCores.plan(kind((int) p[9]), (int) p[3], (int) p[4], (int) p[5]);
      case TensorCoreLibrary.WGMMA_FP8 -> tensorCores.wgmma(WgmmaFp8Gemm.of(WgmmaScales.BLOCKS));
      case TensorCoreLibrary.WGMMA_FP8_TILES ->
          tensorCores.wgmma(WgmmaFp8Gemm.of(WgmmaScales.TILES));
      default -> throw unknown(descriptor.getFunctionName());
    }
  }

  @Override
  public void dispatch(String functionName, LibraryInvocation invocation) {
    TensorCoreContext context = (TensorCoreContext) invocation.getContext();
    switch (functionName) {
      case TensorCoreLibrary.FP8_TILE_BLOCK ->
          scaled(context, MatmulKind.FP8_TILE_BLOCK, invocation);
      case TensorCoreLibrary.FP8_TILE_TILE -> scaled(context, MatmulKind.FP8_TILE_TILE, invocation);
      case TensorCoreLibrary.BF16 -> bf16(context, invocation);
      case TensorCoreLibrary.WGMMA_FP8 -> wgmma(context, WgmmaScales.BLOCKS, invocation);
      case TensorCoreLibrary.WGMMA_FP8_TILES -> wgmma(context, WgmmaScales.TILES, invocation);
      default -> throw unknown(functionName);
    }
  }

  private static void scaled(TensorCoreContext context, MatmulKind kind, LibraryInvocation call) {
    context
        .plan(kind, argument(call, 5), argument(call, 6), argument(call, 7))
        .run(
            context.handle(),
            call.getDevicePointer(0),
            call.getDevicePointer(1),
            call.getDevicePointer(2),
            call.getDevicePointer(3),
            call.getDevicePointer(4),
            argument(call, 8) == 1,
            context.workspace(),
            context.stream());
  }

  private static void bf16(TensorCoreContext context, LibraryInvocation call) {
    context
        .plan(kind(argument(call, 9)), argument(call, 3), argument(call, 4), argument(call, 5))
        .run(
            context.handle(),
            call.getDevicePointer(0) + 2L * argument(call, 6),
            0,
            call.getDevicePointer(1) + 2L * argument(call, 7),
            0,
            call.getDevicePointer(2) + 4L * argument(call, 8),
            argument(call, 10) == 1,
            context.workspace(),
            context.stream());
  }

  private static void wgmma(TensorCoreContext context, WgmmaScales scales, LibraryInvocation call) {
    context
        .wgmma(WgmmaFp8Gemm.of(scales))
        .run(
            call.getDevicePointer(0),
            call.getDevicePointer(1),
            call.getDevicePointer(2),
            call.getDevicePointer(3),
            call.getDevicePointer(4),
            argument(call, 5),
            argument(call, 6),
            argument(call, 7),
            argument(call, 8) == 1,
            context.stream());
  }

  private static int argument(LibraryInvocation call, int index) {
    return (int) call.getArg(index);
  }

  private static MatmulKind kind(int layout) {
    return switch (Layout.values()[layout]) {
      case NT -> MatmulKind.BF16_NT;
      case NN -> MatmulKind.BF16_NN;
      case TN -> MatmulKind.BF16_TN;
    };
  }

  private static CudaException unknown(String function) {
    return new CudaException(
        TensorCoreLibrary.NAME + ": expected one of its functions, found '" + function + "'");
  }

  @Override
  public void destroyContext(LibraryContext context) {
    ((TensorCoreContext) context).close();
  }
}
