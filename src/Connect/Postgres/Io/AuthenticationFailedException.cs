namespace Millrace.Connect.Postgres.Io;

/// <summary>Client and server do not agree on TLS or on a way to authenticate.</summary>
internal sealed class AuthenticationFailedException(string message) : Exception(message);
