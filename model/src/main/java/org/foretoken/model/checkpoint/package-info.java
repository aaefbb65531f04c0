/** Safetensors files and checkpoint folders that others can read. */
package org.foretoken.model.checkpoint;
