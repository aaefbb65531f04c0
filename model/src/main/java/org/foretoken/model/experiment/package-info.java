/**
 * The chapter's claims as experiments that can fail: what is measured for each seed, and what the
 * measurements say. Nothing here prints; the command line reads the YAML and draws the pages.
 */
package org.foretoken.model.experiment;
