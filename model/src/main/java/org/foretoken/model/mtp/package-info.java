/** Multi-token prediction: the modules, their targets and their loss (DeepSeek-V3, section 2.2). */
package org.foretoken.model.mtp;
