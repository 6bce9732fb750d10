using Millrace.Broker.Coordinators;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests.Transactions;

/// <summary>DescribeTransactions (key 65), version 0: the state of transactional ids, one by one.</summary>
internal sealed class DescribeTransactionsHandler(TransactionCoordinators coordinators)
    : RequestHandler<DescribeTransactionsRequest>
{
    protected override void Handle(PendingRequest pending, DescribeTransactionsRequest request)
    {
        var response = new DescribeTransactionsResponse();
        foreach (var id in request.TransactionalIds)
        {
            response.TransactionStates.Add(
                coordinators.Find(id)?.Read(core => core.Describe(id))
                ?? new() { TransactionalId = id, ErrorCode = ErrorCode.NotCoordinator });
        }

        pending.Reply(response);
    }
}
