package org.foretoken.model.config;

/**
 * One run: model, training and data.
 *
 * @param name name of the run, for its folder
 */
public record RunConfig(String name, ModelConfig model, TrainConfig train, DataConfig data) {}
