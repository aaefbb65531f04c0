package uk.ac.manchester.tornado.runtime.library.spi;

/** What a provider keeps for one device and one execution plan. */
public interface LibraryContext {}
