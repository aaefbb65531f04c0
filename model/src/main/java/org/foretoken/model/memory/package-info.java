/** Shapes of models, of this project and of others, and what they have to keep in memory. */
package org.foretoken.model.memory;
