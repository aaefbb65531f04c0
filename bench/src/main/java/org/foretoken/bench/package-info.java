/** Benchmarks against native peers in the same run. */
package org.foretoken.bench;
