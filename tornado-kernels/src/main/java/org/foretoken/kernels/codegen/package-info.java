/**
 * What TornadoVM made of the kernels: the source that it generated, searched for what it is known
 * to compile wrongly, and the registers and memory that the CUDA compiler gives it.
 */
package org.foretoken.kernels.codegen;
