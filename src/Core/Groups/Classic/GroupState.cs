namespace Millrace.Core.Groups.Classic;

/// <summary>
/// The states of a classic group. Dead, Kafka's fifth, has no value here: a dead group does not exist.
/// <code>
/// Empty --join--> PreparingRebalance --all joined, or timeout--> CompletingRebalance --leader's sync stored--> Stable
///   ^--nobody left, stored--'   ^--join, leave, session end----------------'------------------------------------'
/// </code>
/// </summary>
internal enum GroupState
{
    Empty,
    PreparingRebalance,
    CompletingRebalance,
    Stable,
}
