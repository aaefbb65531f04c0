/** What cases run: operands, the check of the value, and the sides that are timed. */
package org.foretoken.bench.work;
