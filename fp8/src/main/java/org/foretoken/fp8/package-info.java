/** Numbers: formats, rounding, scaling recipes, and the exact slow reference for all of them. */
package org.foretoken.fp8;
