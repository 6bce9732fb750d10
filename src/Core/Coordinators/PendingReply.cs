namespace Millrace.Core.Coordinators;

/// <summary>A request that awaits its answer. The shell derives from it; to the core it only has an identity.</summary>
internal abstract class PendingReply;
