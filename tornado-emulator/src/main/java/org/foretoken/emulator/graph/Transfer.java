package org.foretoken.emulator.graph;

/**
 * One object that moves between host and device.
 *
 * @param object the host's array
 * @param mode one of the constants of {@code DataTransferMode}
 */
public record Transfer(Object object, int mode) {}
