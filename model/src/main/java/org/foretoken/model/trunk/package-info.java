/** The main model: embedding, transformer blocks, final norm. */
package org.foretoken.model.trunk;
