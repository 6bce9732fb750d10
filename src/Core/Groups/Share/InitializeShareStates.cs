using System.Collections.Immutable;
using Millrace.Core.Coordinators;

namespace Millrace.Core.Groups.Share;

/// <summary>
/// The share coordinator is to begin states, at no offset; <see cref="ShareGroups.CompleteInitialize"/> is to be told
/// which of them it did.
/// </summary>
internal sealed record InitializeShareStates(string GroupId, int StateEpoch, ImmutableArray<SharedTopic> Topics)
    : CoordinatorMessage;
