package org.foretoken.model.config;

/**
 * Where the text comes from.
 *
 * @param path file, folder or zip; empty for the {@code java.base} part of the JDK's {@code
 *     lib/src.zip}
 * @param include prefix of the entries of a folder or zip that count; empty for all
 * @param validationFraction share of the files that is held out
 */
public record DataConfig(String path, String include, double validationFraction) {}
