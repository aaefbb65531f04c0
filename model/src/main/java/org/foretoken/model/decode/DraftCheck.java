package org.foretoken.model.decode;

/**
 * What became of one draft.
 *
 * @param position index of the new token that it proposed, counted from the end of the prompt
 * @param depth number of the draft in its step, from 1: up to D the depth of the module
 * @param reached whether all drafts before it in the step were accepted
 * @param accepted whether it was accepted; never without being reached
 */
public record DraftCheck(int position, int depth, boolean reached, boolean accepted) {}
