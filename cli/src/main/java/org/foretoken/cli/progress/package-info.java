/** Progress of a run: a bar on a terminal, occasional lines elsewhere. */
package org.foretoken.cli.progress;
