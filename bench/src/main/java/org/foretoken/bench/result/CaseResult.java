package org.foretoken.bench.result;

import java.util.List;

/**
 * One case. Times are nanoseconds of one call, step or token; what was not measured is null.
 *
 * @param id what results of different runs are matched by
 * @param group index of its group in the suite
 * @param op operation
 * @param pass fprop, dgrad or wgrad, for products
 * @param recipe precision recipe, for models
 * @param shape as in the suite
 * @param device where it ran
 * @param threads threads of the host
 * @param unit what the times are of
 * @param status ok, failed or not measured
 * @param message why it failed or was not measured
 * @param medianNs median over the rounds
 * @param lowerNs lower quartile
 * @param upperNs upper quartile
 * @param spread distance of the quartiles as a share of the median
 * @param gflops billions of floating-point operations a second
 * @param gbs gigabytes a second, read and written
 * @param ratioToCeiling share of what this machine does at most, measured in the same run
 * @param ceiling what that is: fma or copy
 * @param allocatedBytes Java heap that a call takes, over all threads
 * @param peer the peer that the ratio is to
 * @param peerMedianNs its median
 * @param ratioToPeer median over the rounds of the peer's time over ours: above 1 we are faster
 * @param ratioSpread distance of that ratio's quartiles as a share of it
 * @param peers all peers
 */
public record CaseResult(
    String id,
    int group,
    String op,
    String pass,
    String recipe,
    String shape,
    String device,
    Integer threads,
    String unit,
    String status,
    String message,
    Double medianNs,
    Double lowerNs,
    Double upperNs,
    Double spread,
    Double gflops,
    Double gbs,
    Double ratioToCeiling,
    String ceiling,
    Long allocatedBytes,
    String peer,
    Double peerMedianNs,
    Double ratioToPeer,
    Double ratioSpread,
    List<PeerResult> peers) {
  /** The case was measured. */
  public static final String OK = "ok";

  /** The case, or its check, failed. */
  public static final String FAILED = "failed";

  /** This machine lacks what the case needs. */
  public static final String NOT_MEASURED = "not measured";

  /**
   * One peer of a case.
   *
   * @param peer its name
   * @param medianNs its median; null where it was not measured
   * @param ratio median of its time over ours
   * @param message why it was not measured
   */
  public record PeerResult(String peer, Double medianNs, Double ratio, String message) {}

  /** Whether there are figures. */
  public boolean ok() {
    return status.equals(OK);
  }
}
