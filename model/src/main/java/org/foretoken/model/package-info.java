/** Trunk, MTP modules, loss, optimizer, training, decoding and checkpoints. */
package org.foretoken.model;
