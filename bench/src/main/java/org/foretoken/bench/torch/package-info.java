/** LibTorch in this process, on the same operands: the peer on the CPU. */
package org.foretoken.bench.torch;
