package uk.ac.manchester.tornado.api.common;

/**
 * A task that a native library carries out: which library, which of its functions, and on what.
 * What {@code TaskGraph.libraryTask} gets from the function that it is given.
 */
public class LibraryTaskDescriptor {
  private String libraryName;
  private String functionName;
  private Object[] parameters;
  private Access[] access;
  private Object tuning;

  /** An empty descriptor. */
  public LibraryTaskDescriptor() {}

  /** Sets the name that the library's provider goes by. */
  public LibraryTaskDescriptor withLibrary(String libraryName) {
    this.libraryName = libraryName;
    return this;
  }

  /** Sets the name of the function, as the provider knows it. */
  public LibraryTaskDescriptor withFunction(String functionName) {
    this.functionName = functionName;
    return this;
  }

  /** Sets the arguments: arrays and boxed scalars. */
  public LibraryTaskDescriptor withParameters(Object[] parameters) {
    this.parameters = parameters;
    return this;
  }

  /** Sets what the function does to each argument. */
  public LibraryTaskDescriptor withAccess(Access[] access) {
    this.access = access;
    return this;
  }

  /** The name that the library's provider goes by. */
  public String getLibraryName() {
    return libraryName;
  }

  /** The name of the function. */
  public String getFunctionName() {
    return functionName;
  }

  /** The arguments. */
  public Object[] getParameters() {
    return parameters;
  }

  /** What the function does to each argument. */
  public Access[] getAccess() {
    return access;
  }

  /** Sets something that only the provider understands. */
  public LibraryTaskDescriptor withTuning(Object tuning) {
    this.tuning = tuning;
    return this;
  }

  /** What {@link #withTuning} has set, or null. */
  public Object getTuning() {
    return tuning;
  }
}
