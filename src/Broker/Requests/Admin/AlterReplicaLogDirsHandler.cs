using Millrace.Broker.Partitions;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests.Admin;

/// <summary>
/// AlterReplicaLogDirs (key 34), versions 1 and 2. There is one data directory, where a partition may be put that is in
/// it; any other is LOG_DIR_NOT_FOUND.
/// </summary>
internal sealed class AlterReplicaLogDirsHandler(TopicPartitions topics, ILogDirectory directory)
    : RequestHandler<AlterReplicaLogDirsRequest>
{
    protected override void Handle(PendingRequest pending, AlterReplicaLogDirsRequest request)
    {
        var response = new AlterReplicaLogDirsResponse();
        var asked = request.Dirs.SelectMany(dir => dir.Topics, (dir, topic) => (dir.Path, Topic: topic));
        foreach (var topic in asked.GroupBy(asked => asked.Topic.Name))
        {
            response.Results.Add(new()
            {
                TopicName = topic.Key,
                Partitions =
                [
                    .. from part in topic
                       from partition in part.Topic.Partitions
                       select new AlterReplicaLogDirsResponse.AlterReplicaLogDirPartitionResult
                       {
                           PartitionIndex = partition,
                           ErrorCode = part.Path != directory.Path ? ErrorCode.LogDirNotFound
                               : topics.Find(topic.Key, partition) is null ? ErrorCode.UnknownTopicOrPartition
                               : ErrorCode.None,
                       },
                ],
            });
        }

        pending.Reply(response);
    }
}
