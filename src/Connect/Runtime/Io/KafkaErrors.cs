using Confluent.Kafka;

namespace Millrace.Connect.Runtime.Io;

/// <summary>Errors of the Kafka client: those that the user must cure, and the rest, after which the task restarts.
/// </summary>
internal static class KafkaErrors
{
    public static Exception Translate(Error error, string topic) => error.Code switch
    {
        ErrorCode.MsgSizeTooLarge => new ConnectorException(
            $"a change is too large for topic {topic}: {error.Reason}",
            "raise max.message.bytes of the topic (message.max.bytes of the broker), or leave the large column out "
            + "with column.exclude.list"),
        ErrorCode.TopicAuthorizationFailed or ErrorCode.ClusterAuthorizationFailed => new ConnectorException(
            $"the connector may not write to topic {topic}: {error.Reason}",
            "allow its principal to create and write the topics"),
        ErrorCode.InvalidReplicationFactor => new ConnectorException(
            $"topic {topic} cannot be created: {error.Reason}",
            "set topic.creation.default.replication.factor to at most the number of brokers"),
        _ => new KafkaException(error),
    };

    public static Exception Translate(Exception error) => error switch
    {
        KafkaException e when Translate(e.Error, "") is ConnectorException translated => translated,
        _ => error,
    };
}
