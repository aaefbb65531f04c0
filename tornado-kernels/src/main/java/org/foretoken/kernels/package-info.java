/** Annotated device kernels, their Vector-API host twins, and the task-graph scheduler. */
package org.foretoken.kernels;
