/** Micro-benchmarks by JMH, for changes to one kernel; peers and machines are for the suites. */
package org.foretoken.bench.jmh;
