namespace Millrace.Core.Groups;

/// <summary>Who asks, and in which version of the API.</summary>
internal readonly record struct RequestContext(short ApiVersion, string ClientId, string ClientHost);
