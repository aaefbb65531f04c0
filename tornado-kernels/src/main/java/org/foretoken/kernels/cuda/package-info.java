/**
 * Matrix products at tensor-core speed on NVIDIA GPUs, as library tasks of TornadoVM: cuBLASLt and
 * a kernel in PTX, both called over {@code java.lang.foreign} on TornadoVM's own stream and
 * buffers.
 */
package org.foretoken.kernels.cuda;
