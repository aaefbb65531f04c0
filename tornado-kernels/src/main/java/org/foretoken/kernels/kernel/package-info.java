/**
 * Device kernels: TornadoVM tasks, written once against its public API, one kernel a file.
 *
 * <p>What the just-in-time compilers of TornadoVM do not survive is avoided throughout: no bit
 * casts, no {@code >>>}, no negative division, no NaN or infinity literals, no loop inside an arm
 * of an if, no && and no || (conditions of several parts lose a negation, or fail once one part is
 * constant), one return a method, no method named like an OpenCL C built-in. Scalars of a task are
 * constants for the compiler.
 */
package org.foretoken.kernels.kernel;
