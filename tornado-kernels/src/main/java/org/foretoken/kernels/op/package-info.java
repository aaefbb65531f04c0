/** The operations of a task graph: what is computed, and the contract of its operands. */
package org.foretoken.kernels.op;
