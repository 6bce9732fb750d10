namespace Millrace.Demo;

/// <summary>A kill -9 and what followed.</summary>
/// <param name="What">Which part was killed.</param>
/// <param name="Serves">From the kill until it served again.</param>
/// <param name="Flows">From the kill until changes committed after that had reached every service.</param>
internal sealed record Crash(string What, TimeSpan Serves, TimeSpan Flows);
