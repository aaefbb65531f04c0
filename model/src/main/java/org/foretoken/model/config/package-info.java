/** What a model, a training run and its data are: immutable records. */
package org.foretoken.model.config;
