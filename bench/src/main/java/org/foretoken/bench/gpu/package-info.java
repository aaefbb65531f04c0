/** All that a GPU is to be asked, as one command with a time limit. */
package org.foretoken.bench.gpu;
