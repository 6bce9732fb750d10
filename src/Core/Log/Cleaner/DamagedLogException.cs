namespace Millrace.Core.Log.Cleaner;

/// <summary>What stands in the log can't be read; nothing of it may be dropped for that.</summary>
internal sealed class DamagedLogException(string message) : IOException(message);

/// <summary>
/// The log changed under the cleaner, or went offline or away: this cleaning is void, and nobody's fault.
/// </summary>
internal sealed class CleaningAbandonedException : Exception;
