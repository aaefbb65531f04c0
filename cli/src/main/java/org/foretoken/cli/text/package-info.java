/** Numbers and tokens as people read them. */
package org.foretoken.cli.text;
