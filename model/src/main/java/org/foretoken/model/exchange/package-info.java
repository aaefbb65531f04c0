/**
 * Models as other programs read and write them: folders of safetensors with {@code config.json} in
 * the keys and names of DeepSeek-V3's published weights, or of Llama's.
 */
package org.foretoken.model.exchange;
