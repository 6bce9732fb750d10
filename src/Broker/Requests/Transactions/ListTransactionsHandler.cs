using System.Text.RegularExpressions;
using Millrace.Broker.Coordinators;
using Millrace.Core.Transactions;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests.Transactions;

/// <summary>
/// ListTransactions (key 66), versions 0 to 2: the transactional ids of every shard, filtered by state, producer id,
/// how long the transaction lasts (1) and a pattern that the whole id must match (2).
/// </summary>
/// <remarks>
/// <para>The pattern is matched in time that is linear in its input, as RE2 does in Kafka. States that nobody knows are
/// told and match nothing.</para>
/// </remarks>
internal sealed class ListTransactionsHandler(TransactionCoordinators coordinators)
    : RequestHandler<ListTransactionsRequest>
{
    private const RegexOptions Linear = RegexOptions.NonBacktracking | RegexOptions.CultureInvariant;

    protected override void Handle(PendingRequest pending, ListTransactionsRequest request)
    {
        var response = new ListTransactionsResponse
        {
            UnknownStateFilters = request.StateFilters.FindAll(
                name => !Enum.GetNames<TransactionStatus>().Contains(name)),
        };
        if (!TryMatch(request.TransactionalIdPattern, out var matches))
        {
            pending.Reply(new ListTransactionsResponse { ErrorCode = ErrorCode.InvalidRegularExpression });
            return;
        }

        foreach (var shard in coordinators.Shards)
            response.TransactionStates.AddRange(
                shard.Read(core => core.List(request, matches, pending.Loop.Now).ToList()) ?? []);
        pending.Reply(response);
    }

    /// <summary>Null and the empty pattern match all; false for what is no regular expression.</summary>
    private static bool TryMatch(string? pattern, out Func<string, bool> matches)
    {
        matches = _ => true;
        if (string.IsNullOrEmpty(pattern))
            return true;
        try
        {
            // Parsed alone, without the matcher: within the anchors a stray parenthesis could be taken for good.
            _ = new Regex(pattern, RegexOptions.CultureInvariant);
            var whole = new Regex($"\\A(?:{pattern})\\z", Linear);
            matches = whole.IsMatch;
            return true;
        }
        catch (Exception failure) when (failure is ArgumentException or NotSupportedException)
        {
            return false;
        }
    }
}
