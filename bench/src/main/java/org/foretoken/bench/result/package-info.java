/** What was measured: records, JSON, history, comparison, tables and pages. */
package org.foretoken.bench.result;
