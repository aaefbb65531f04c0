/** What a run measured, as lines of JSON: {@code metrics.jsonl}. */
package org.foretoken.cli.metrics;
