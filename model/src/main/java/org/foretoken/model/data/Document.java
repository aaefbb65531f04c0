package org.foretoken.model.data;

/**
 * One file of a corpus.
 *
 * @param name path within the corpus, with forward slashes
 * @param bytes content; not copied
 */
public record Document(String name, byte[] bytes) {}
