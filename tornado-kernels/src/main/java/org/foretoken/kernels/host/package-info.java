/** The host twins of the device kernels: Vector-API Java on off-heap memory, multi-threaded. */
package org.foretoken.kernels.host;
