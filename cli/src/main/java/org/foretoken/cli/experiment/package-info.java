/** Experiments as files, as a sweep that a person watches, and as pages. */
package org.foretoken.cli.experiment;
