namespace Millrace.Bench;

/// <summary>Why a benchmark can't be run or its result not be believed; the message is for who runs it.</summary>
internal sealed class BenchException(string message, Exception? cause = null) : Exception(message, cause);
