namespace Millrace.Core.Model;

/// <summary>A producer as records name it: its id, and the epoch by which it is fenced (KIP-98).</summary>
internal readonly record struct ProducerIdAndEpoch(long Id, short Epoch);
