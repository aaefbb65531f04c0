/** Training: the graph of a step, schedules, the loop, and its checkpoints. */
package org.foretoken.model.train;
