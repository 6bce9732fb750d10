namespace Millrace.Bench;

/// <summary>Arguments that do not go together; the program ends with the exit code of a wrong command line.</summary>
internal sealed class UsageException(string message) : Exception(message);
