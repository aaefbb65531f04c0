package org.foretoken.model.checkpoint;

import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** A memory segment as a stream of bytes. */
final class SegmentInputStream extends InputStream {
  private final MemorySegment segment;
  private long at;

  SegmentInputStream(MemorySegment segment) {
    this.segment = segment;
  }

  @Override
  public int read() {
    return at < segment.byteSize() ? segment.get(ValueLayout.JAVA_BYTE, at++) & 0xff : -1;
  }

  @Override
  public int read(byte[] into, int offset, int length) {
    if (length == 0) {
      return 0;
    }
    int n = (int) Math.min(length, segment.byteSize() - at);
    if (n <= 0) {
      return -1;
    }
    MemorySegment.copy(segment, ValueLayout.JAVA_BYTE, at, into, offset, n);
    at += n;
    return n;
  }
}
