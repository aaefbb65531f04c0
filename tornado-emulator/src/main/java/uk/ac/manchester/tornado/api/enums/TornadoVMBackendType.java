package uk.ac.manchester.tornado.api.enums;

/** Backends that TornadoVM knows; the emulator presents itself as {@link #VIRTUAL}. */
public enum TornadoVMBackendType {
  OPENCL,
  METAL,
  PTX,
  CUDA,
  SPIRV,
  JAVA,
  VIRTUAL
}
