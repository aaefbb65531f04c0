/**
 * The device backend: graphs as TornadoVM task graphs, on the emulator or on a real SDK, whichever
 * is there.
 */
package org.foretoken.kernels.device;
