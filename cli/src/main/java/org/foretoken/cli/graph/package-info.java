/** Task graphs in YAML: from file to graph and values, and what a run of one leaves. */
package org.foretoken.cli.graph;
