/** Text to tokens to batches. */
package org.foretoken.model.data;
