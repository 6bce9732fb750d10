using Millrace.Broker.Partitions;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests.Admin;

/// <summary>
/// DescribeLogDirs (key 35), versions 1 to 5. The data directory, the size of its volume, and the bytes that the logs
/// of each partition take.
/// </summary>
/// <remarks>
/// <para>Null means all partitions, an empty list none. What is not here is left out. Known gap: the sizes are those of
/// the records, without the indexes, as in Kafka.</para>
/// </remarks>
internal sealed class DescribeLogDirsHandler(TopicPartitions topics, ILogDirectory directory)
    : RequestHandler<DescribeLogDirsRequest>
{
    protected override void Handle(PendingRequest pending, DescribeLogDirsRequest request)
    {
        var (total, usable) = directory.Space();
        var result = new DescribeLogDirsResponse.Result
        {
            LogDir = directory.Path,
            TotalBytes = total,
            UsableBytes = usable,
        };
        if (request.Topics is { } asked)
        {
            foreach (var topic in asked.GroupBy(topic => topic.Topic))
            {
                if (topics.Find(topic.Key) is { } hosted)
                    Add(result, hosted, topic.SelectMany(part => part.Partitions).Distinct());
            }
        }
        else
        {
            foreach (var hosted in topics.Topics)
                Add(result, hosted, Enumerable.Range(0, hosted.Partitions.Length));
        }

        pending.Reply(new DescribeLogDirsResponse { Results = [result] });
    }

    private static void Add(DescribeLogDirsResponse.Result result, HostedTopic topic, IEnumerable<int> partitions)
    {
        var answer = new DescribeLogDirsResponse.Topic { Name = topic.Name };
        foreach (var index in partitions)
        {
            if (TopicPartitions.Find(topic, index) is { } partition)
                answer.Partitions.Add(new() { PartitionIndex = index, PartitionSize = partition.Log.SizeInBytes });
        }

        if (answer.Partitions.Count > 0)
            result.Topics.Add(answer);
    }
}
