/** Configuration: YAML files, presets and {@code --set} options to validated immutable records. */
package org.foretoken.cli.config;
