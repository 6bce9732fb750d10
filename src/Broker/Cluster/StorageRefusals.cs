using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Broker.Cluster;

/// <summary>Makes a response of the controller say that there was no room for what it grants.</summary>
internal static class StorageRefusals
{
    private const string Message = "The disk is full: free some space, or delete topics.";

    /// <summary>Entries that were refused before keep their error.</summary>
    public static void Refuse(IMessage response)
    {
        switch (response)
        {
            case CreateTopicsResponse created:
                foreach (var topic in created.Topics.Where(topic => topic.ErrorCode == ErrorCode.None))
                {
                    (topic.ErrorCode, topic.ErrorMessage) = (ErrorCode.KafkaStorageError, Message);
                    (topic.TopicId, topic.NumPartitions, topic.ReplicationFactor) = (Uuid.Zero, -1, -1);
                    topic.Configs = [];
                }

                break;
            case DeleteTopicsResponse deleted:
                foreach (var topic in deleted.Responses.Where(topic => topic.ErrorCode == ErrorCode.None))
                    (topic.ErrorCode, topic.ErrorMessage) = (ErrorCode.KafkaStorageError, Message);
                break;
            case CreatePartitionsResponse grown:
                foreach (var topic in grown.Results.Where(topic => topic.ErrorCode == ErrorCode.None))
                    (topic.ErrorCode, topic.ErrorMessage) = (ErrorCode.KafkaStorageError, Message);
                break;
            case IncrementalAlterConfigsResponse altered:
                foreach (var resource in altered.Responses.Where(resource => resource.ErrorCode == ErrorCode.None))
                    (resource.ErrorCode, resource.ErrorMessage) = (ErrorCode.KafkaStorageError, Message);
                break;
            case AlterConfigsResponse replaced:
                foreach (var resource in replaced.Responses.Where(resource => resource.ErrorCode == ErrorCode.None))
                    (resource.ErrorCode, resource.ErrorMessage) = (ErrorCode.KafkaStorageError, Message);
                break;
            case AlterClientQuotasResponse quotas:
                foreach (var entry in quotas.Entries.Where(entry => entry.ErrorCode == ErrorCode.None))
                    (entry.ErrorCode, entry.ErrorMessage) = (ErrorCode.KafkaStorageError, Message);
                break;
            case AlterUserScramCredentialsResponse credentials:
                foreach (var user in credentials.Results.Where(user => user.ErrorCode == ErrorCode.None))
                    (user.ErrorCode, user.ErrorMessage) = (ErrorCode.KafkaStorageError, Message);
                break;
            case UpdateFeaturesResponse features:
                (features.ErrorCode, features.ErrorMessage) = (ErrorCode.KafkaStorageError, Message);
                break;
            case UnregisterBrokerResponse broker:
                (broker.ErrorCode, broker.ErrorMessage) = (ErrorCode.KafkaStorageError, Message);
                break;
            case UnregisterControllerResponse gone:
                (gone.ErrorCode, gone.ErrorMessage) = (ErrorCode.KafkaStorageError, Message);
                break;
            default:
                throw new ArgumentException($"{response.GetType().Name} can't be refused.");
        }
    }
}
