package org.foretoken.model.convert;

import java.nio.file.Path;
import java.util.List;

/**
 * What a conversion did.
 *
 * @param output the folder that was made
 * @param shards files of weights in it
 * @param resumed how many of them an earlier run had finished
 * @param inputBytes bytes of tensors read
 * @param outputBytes bytes of the files of weights
 * @param converted names of the weights that were converted
 * @param unknown names of matrices that stayed as they are because no rule knows their names
 * @param reports what the conversion costs, worst first; empty unless it was wanted
 */
public record ConversionResult(
    Path output,
    int shards,
    int resumed,
    long inputBytes,
    long outputBytes,
    List<String> converted,
    List<String> unknown,
    List<TensorReport> reports) {}
