namespace Millrace.Core.Groups.Streams;

/// <summary>What a member is told besides its tasks, by Kafka's numbers.</summary>
internal enum StreamsStatus : sbyte
{
    StaleTopology = 0,
    MissingSourceTopics = 1,
    IncorrectlyPartitionedTopics = 2,
    MissingInternalTopics = 3,
    ShutdownApplication = 4,
    AssignmentDelayed = 5,
    MissingClientTags = 6,
}
