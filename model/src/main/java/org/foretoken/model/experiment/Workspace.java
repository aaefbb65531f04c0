package org.foretoken.model.experiment;

import java.util.function.DoubleConsumer;
import java.util.function.Supplier;
import org.foretoken.kernels.graph.Backend;

/**
 * What a run may use.
 *
 * @param backends opens the device that models run on
 * @param progress hears which share of the run at hand is done
 */
public record Workspace(Supplier<Backend> backends, DoubleConsumer progress) {}
