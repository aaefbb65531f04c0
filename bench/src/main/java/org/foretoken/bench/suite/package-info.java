/** Suites: what {@code configs/bench/*.yaml} says, as cases. */
package org.foretoken.bench.suite;
