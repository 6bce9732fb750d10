using Millrace.Core.Coordinators;
using Millrace.Protocol.Messages;

namespace Millrace.Core.Groups.Streams;

/// <summary>The controller is to create the topics that an application needs for itself.</summary>
internal sealed record CreateInternalTopics(
    string GroupId, IReadOnlyList<CreateTopicsRequest.CreatableTopic> Topics) : CoordinatorMessage;
