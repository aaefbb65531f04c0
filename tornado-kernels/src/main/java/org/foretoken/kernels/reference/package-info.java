/**
 * The slow, exact backend: every operation as plain sequential Java in double precision, and the
 * checks built on it (gradients, parity of other backends).
 */
package org.foretoken.kernels.reference;
