/**
 * Incremental decoding with caches, and lossless self-speculative decoding with the MTP modules.
 */
package org.foretoken.model.decode;
