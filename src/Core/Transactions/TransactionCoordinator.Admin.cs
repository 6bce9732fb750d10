using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Core.Transactions;

// What administrators ask.
internal sealed partial class TransactionCoordinator
{
    public DescribeTransactionsResponse.TransactionStateData Describe(string transactionalId)
    {
        if (transactionalId.Length == 0 || _states.Find(transactionalId) is not { } state)
        {
            return new()
            {
                TransactionalId = transactionalId,
                ErrorCode = transactionalId.Length == 0
                    ? ErrorCode.InvalidRequest
                    : ErrorCode.TransactionalIdNotFound,
            };
        }

        return new()
        {
            TransactionalId = transactionalId,
            TransactionState = state.Status.ToString(),
            TransactionTimeoutMs = state.TimeoutMs,
            TransactionStartTimeMs = state.StartedAt?.Milliseconds ?? -1,
            ProducerId = state.ProducerId,
            ProducerEpoch = state.ProducerEpoch,
            Topics = [.. state.Partitions.GroupBy(partition => partition.Topic).Select(topic =>
                new DescribeTransactionsResponse.TopicData
                {
                    Topic = topic.Key,
                    Partitions = [.. topic.Select(partition => partition.Partition)],
                })],
        };
    }

    /// <summary>The transactions that the filters leave; none of them means all.</summary>
    /// <param name="request">Its pattern is not looked at: that takes time.</param>
    /// <param name="now">The time, to tell how long a transaction lasts.</param>
    public IEnumerable<ListTransactionsResponse.TransactionStateData> List(
        ListTransactionsRequest request, Instant now) =>
        from state in _states.All
        let status = state.Status.ToString()
        where (request.StateFilters.Count == 0 || request.StateFilters.Contains(status))
            && (request.ProducerIdFilters.Count == 0 || request.ProducerIdFilters.Contains(state.ProducerId))
            && now.Milliseconds - (state.StartedAt?.Milliseconds ?? -1) > request.DurationFilter
        select new ListTransactionsResponse.TransactionStateData
        {
            TransactionalId = state.TransactionalId,
            ProducerId = state.ProducerId,
            TransactionState = status,
        };
}
