/** What of TornadoVM's runtime a library provider meets. */
package uk.ac.manchester.tornado.runtime.common;
