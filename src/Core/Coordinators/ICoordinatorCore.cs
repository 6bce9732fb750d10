using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Protocol.Wire;

namespace Millrace.Core.Coordinators;

/// <summary>
/// What a coordinator decides, as the shell that keeps its partition calls it. Requests are methods of the core's own;
/// like <see cref="Expire"/> they yield <see cref="Effects"/>.
/// </summary>
/// <remarks>
/// 1. Only the Replay methods change durable state. 2. A call that yields records is followed by their replay before
/// the next call.
/// </remarks>
internal interface ICoordinatorCore
{
    /// <summary>Where a record is part of no producer's transaction.</summary>
    const long NoProducerId = -1;

    /// <summary>What the coordinator keeps, in words for the operator.</summary>
    static abstract string Kept { get; }

    /// <summary>Applies one record, with the producer whose transaction it is part of, if any.</summary>
    /// <exception cref="MalformedFrameException">The record does not follow its specification.</exception>
    void Replay(ReadOnlyMemory<byte> key, ReadOnlyMemory<byte>? value, long transactionOf = NoProducerId);

    /// <summary>Applies the marker that ends a producer's transaction in the partition.</summary>
    void ReplayEndTransaction(long producerId, bool isCommit);

    /// <summary>Begins service after the log was replayed.</summary>
    void Start(Instant now);

    /// <summary>Does what is due and says when to call again.</summary>
    Instant Expire(Instant now, Effects effects);

    /// <summary>Answers everything that waits; the core is not used any more.</summary>
    void Resign(ErrorCode error, Effects effects);

    /// <summary>Makes a response say that its records could not be stored.</summary>
    static abstract void Fail(IMessage response, ErrorCode error);
}
