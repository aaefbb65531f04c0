package org.foretoken.fp8;

/**
 * Where a magnitude falls between two neighbours of a format.
 *
 * @param lower index of the neighbour not above the magnitude; the magnitudes of a format are
 *     numbered upwards from 0, on beyond the largest finite one
 * @param fraction share of the gap to the next neighbour that the magnitude covers, exact, in [0,
 *     1)
 * @param lowerIsEven whether {@code lower} wins a tie
 */
public record Placement(long lower, double fraction, boolean lowerIsEven) {}
