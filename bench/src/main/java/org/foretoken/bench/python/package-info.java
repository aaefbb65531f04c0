/** PyTorch on a GPU, in a Python process that takes its turns in the rounds of a case. */
package org.foretoken.bench.python;
