/** Checkpoints of one precision from those of another, shard by shard. */
package org.foretoken.model.convert;
