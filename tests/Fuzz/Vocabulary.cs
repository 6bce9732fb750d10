using System.Collections;
using Millrace.Protocol.Wire;

namespace Millrace.Fuzz;

/// <summary>
/// What the broker has told its clients: names, ids, epochs and offsets that a request may name. By the name of the
/// field, since the same thing has the same name in all messages.
/// </summary>
internal sealed class Vocabulary(Random random)
{
    private const int MostWords = 12;
    private const int MostElements = 3;
    private const int Deepest = 5;

    private readonly Dictionary<(string Field, Type Type), List<object>> _words = [];

    /// <summary>A word told for the field; else one of the same type.</summary>
    public object? Word(string field, Type type) =>
        _words.TryGetValue((Alias(field), type), out var words) ? words[random.Next(words.Count)] : null;

    public void Learn(string field, object word)
    {
        var key = (Alias(field), word.GetType());
        if (!_words.TryGetValue(key, out var words))
            _words[key] = words = [];
        if (words.Contains(word))
            return;
        if (words.Count < MostWords)
            words.Add(word);
        else
            words[random.Next(MostWords)] = word;
    }

    /// <summary>Takes the words out of a message.</summary>
    public void Learn(IMessage message) => Learn(message, 0);

    private void Learn(IMessage message, int depth)
    {
        foreach (var field in Shape.Fields(message.GetType()))
        {
            switch (field.Property.GetValue(message))
            {
                case string { Length: > 0 and < 250 } text:
                    Learn(field.Name, text);
                    break;
                case int or long or short or Uuid:
                    Learn(field.Name, field.Property.GetValue(message)!);
                    break;
                case IMessage inner when depth < Deepest:
                    Learn(inner, depth + 1);
                    break;
                case IList list when depth < Deepest:
                    foreach (var element in list.OfType<IMessage>().Take(MostElements))
                        Learn(element, depth + 1);
                    break;
            }
        }
    }

    /// <summary>One name for what different messages call differently.</summary>
    private static string Alias(string field) => field switch
    {
        "Name" or "Topic" or "TopicNames" or "SubscribedTopicNames" or "ResourceName" or "TopicFilter" => "TopicName",
        "Group" or "GroupIds" or "GroupsNames" or "Groups" or "CoordinatorKeys" => "GroupId",
        "TransactionalIds" => "TransactionalId",
        "Partition" or "Index" or "PartitionIndexes" or "Partitions" or "PartitionId" => "PartitionIndex",
        "GenerationId" or "GenerationIdOrMemberEpoch" => "MemberEpoch",
        "BaseOffset" or "FetchOffset" or "CommittedOffset" or "LogStartOffset" or "HighWatermark" => "Offset",
        "CurrentLeaderEpoch" or "CommittedLeaderEpoch" => "LeaderEpoch",
        _ => field,
    };
}
