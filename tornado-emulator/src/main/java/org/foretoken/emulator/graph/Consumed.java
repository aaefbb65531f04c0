package org.foretoken.emulator.graph;

/**
 * One object that is taken from where another graph left it on the device.
 *
 * @param object the host's array
 * @param graph the name of the other graph, or null for the one that was executed last
 */
public record Consumed(Object object, String graph) {}
