/** TornadoVM's service provider interface for tasks that native libraries carry out. */
package uk.ac.manchester.tornado.runtime.library.spi;
