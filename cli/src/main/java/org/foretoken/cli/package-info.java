/** The command line: the only module that prints. */
package org.foretoken.cli;
