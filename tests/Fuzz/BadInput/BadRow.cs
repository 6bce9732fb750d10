using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Fuzz.BadInput;

/// <summary>What exists when a row is asked.</summary>
/// <param name="TopicId">The id of <see cref="Topic"/>, which has two partitions.</param>
internal sealed record Existing(Uuid TopicId)
{
    public const string Topic = "bad-input";
}

/// <summary>A request that a client should not send, and Kafka's answer.</summary>
/// <param name="Key">The API.</param>
/// <param name="What">What is bad about it.</param>
/// <param name="Expected">
/// The error codes anywhere in the answer, in the order of their numbers; <see cref="Closed"/> where there is none.
/// </param>
/// <param name="Request">Makes the request.</param>
internal sealed record BadRow(ApiKey Key, string What, string Expected, Func<Existing, IMessage> Request)
{
    public const string Closed = "closed";
    public const string Silent = "silent";

    /// <summary>The newest version unless the row is about another.</summary>
    public short Version { get; init; } = Apis.Find((short)Key)!.Value.Highest;

    /// <summary>
    /// What Apache Kafka 4.4 answers, which is something else only by accident: it writes too long a message, fails
    /// over a null, or looks for a state before it looks for the topic.
    /// </summary>
    public string Kafka { get; init; } = Expected;

    public static readonly string Huge = new('x', short.MaxValue);

    public static BadRow[] All { get; } =
    [
        .. OfRecords.Rows, .. OfGroups.Rows, .. OfTransactions.Rows, .. OfTopics.Rows, .. OfCluster.Rows,
        .. OfSecurity.Rows, .. OfShare.Rows,
    ];

    public override string ToString() => $"{Key} {Version}: {What}";
}
