/** The part of TornadoVM's public API that Foretoken's kernels use, executed on the plain JVM. */
package uk.ac.manchester.tornado.api;
