/**
 * Runs the project's own PTX on the CPU, as far as its generator uses the language: warps, shared
 * memory of clusters, {@code mbarrier}, bulk tensor copies and {@code wgmma}, after NVIDIA's "PTX
 * ISA". What is asynchronous happens as late as the program allows, in an order drawn from a seed,
 * so that a missing wait shows as a wrong result.
 */
package org.foretoken.kernels.cuda.ptx;
