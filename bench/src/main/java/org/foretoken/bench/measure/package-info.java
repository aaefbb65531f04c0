/** Clocks: rounds of several sides by turns, allocation, and what this machine can do at most. */
package org.foretoken.bench.measure;
