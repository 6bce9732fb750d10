using Millrace.Broker.Coordinators;
using Millrace.Core.Model;
using Millrace.Core.Transactions;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests.Transactions;

/// <summary>
/// ListTransactions (key 66), versions 0 to 2: the transactional ids of every shard, filtered by state, producer id,
/// how long the transaction lasts (1) and a pattern that the whole id must match (2).
/// </summary>
/// <remarks>
/// <para>Ids are matched outside of the shards' locks, in time that is linear in their length, as RE2 does in Kafka,
/// and the loop serves others between slices of them. Too large a pattern (<see cref="LinearPattern"/>) is
/// INVALID_REGULAR_EXPRESSION, as is one that is none. States that nobody knows are told and match nothing.</para>
/// </remarks>
internal sealed class ListTransactionsHandler(TransactionCoordinators coordinators)
    : RequestHandler<ListTransactionsRequest>
{
    /// <summary>Characters that are matched before the loop serves others.</summary>
    private const int Slice = 16_384;

    protected override void Handle(PendingRequest pending, ListTransactionsRequest request)
    {
        LinearPattern? pattern = null;
        if (!string.IsNullOrEmpty(request.TransactionalIdPattern)
            && !LinearPattern.TryParse(request.TransactionalIdPattern, out pattern, out _))
        {
            pending.Reply(new ListTransactionsResponse { ErrorCode = ErrorCode.InvalidRegularExpression });
            return;
        }

        var found = coordinators.Shards.SelectMany(
            shard => shard.Read(core => core.List(request, pending.Loop.Now).ToList()) ?? []).ToList();
        var response = new ListTransactionsResponse
        {
            UnknownStateFilters = request.StateFilters.FindAll(
                name => !Enum.GetNames<TransactionStatus>().Contains(name)),
        };
        if (pattern is not null)
        {
            Match(pending, pattern, found, 0, response);
            return;
        }

        response.TransactionStates = found;
        pending.Reply(response);
    }

    /// <summary>Matches a slice of what was found, from one on, and then has the loop go on, or replies.</summary>
    private static void Match(
        PendingRequest pending, LinearPattern pattern, List<ListTransactionsResponse.TransactionStateData> found,
        int next, ListTransactionsResponse response)
    {
        for (var characters = 0; next < found.Count && characters < Slice; next++)
        {
            characters += found[next].TransactionalId.Length;
            if (pattern.Matches(found[next].TransactionalId))
                response.TransactionStates.Add(found[next]);
        }

        if (next < found.Count)
            pending.Loop.Post(() => Match(pending, pattern, found, next, response));
        else
            pending.Reply(response);
    }
}
