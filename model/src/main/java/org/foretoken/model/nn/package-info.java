/** Layers that emit their operations into a task graph, and their gradients through a tape. */
package org.foretoken.model.nn;
