/**
 * Task graphs: tensors, nodes, shape checks, memory planning, and the interface of the backends.
 */
package org.foretoken.kernels.graph;
