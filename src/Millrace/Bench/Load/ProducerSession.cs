using Millrace.Bench.Wire;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Bench.Load;

/// <summary>The producer id of an idempotent connection, and its transactions where it has them. KIP-98.</summary>
internal sealed class ProducerSession : IDisposable
{
    /// <summary>Below these versions partitions are added by the client and the epoch stays (KIP-890).</summary>
    public const short HighestTransactionalProduce = 11;

    private const short HighestAddPartitions = 3;
    private const short HighestEndTxn = 4;
    private const int TransactionTimeoutMs = 60_000;
    private const int Tries = 500;
    private const sbyte TransactionCoordinator = 1;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    private readonly WireConnection? _coordinator;

    private ProducerSession(WireConnection broker, string? transactionalId, WireConnection? coordinator)
    {
        _coordinator = coordinator;
        TransactionalId = transactionalId;
        var answer = Retry("InitProducerId", () => (coordinator ?? broker).Call<InitProducerIdResponse>(
            ApiKey.InitProducerId,
            new InitProducerIdRequest
            {
                TransactionalId = transactionalId, TransactionTimeoutMs = TransactionTimeoutMs,
            },
            highest: 4), answer => answer.ErrorCode);
        Id = answer.ProducerId;
        Epoch = answer.ProducerEpoch;
    }

    public string? TransactionalId { get; }

    public long Id { get; }

    public short Epoch { get; }

    public static ProducerSession Idempotent(WireConnection broker) => new(broker, null, null);

    public static ProducerSession Transactional(WireConnection broker, string transactionalId)
    {
        var found = Retry("FindCoordinator", () => broker.Call<FindCoordinatorResponse>(
            ApiKey.FindCoordinator,
            new FindCoordinatorRequest { Key = transactionalId, KeyType = TransactionCoordinator },
            highest: 3), answer => answer.ErrorCode);
        return new ProducerSession(
            broker, transactionalId, WireConnection.Open(new BrokerAddress(found.Host, found.Port)));
    }

    /// <summary>Adds the partitions to a new transaction.</summary>
    public void Begin(string topic, IEnumerable<int> partitions)
    {
        var request = new AddPartitionsToTxnRequest
        {
            V3AndBelowTransactionalId = TransactionalId!,
            V3AndBelowProducerId = Id,
            V3AndBelowProducerEpoch = Epoch,
            V3AndBelowTopics = [new() { Name = topic, Partitions = [.. partitions] }],
        };
        Retry("AddPartitionsToTxn", () => _coordinator!.Call<AddPartitionsToTxnResponse>(
                ApiKey.AddPartitionsToTxn, request, HighestAddPartitions),
            answer => answer.ResultsByTopicV3AndBelow.SelectMany(result => result.ResultsByPartition)
                .Select(partition => partition.PartitionErrorCode).FirstOrDefault(error => error != ErrorCode.None));
    }

    public void Commit() => Retry("EndTxn", () => _coordinator!.Call<EndTxnResponse>(
        ApiKey.EndTxn,
        new EndTxnRequest
        {
            TransactionalId = TransactionalId!, ProducerId = Id, ProducerEpoch = Epoch, Committed = true,
        },
        HighestEndTxn), answer => answer.ErrorCode);

    public void Dispose() => _coordinator?.Dispose();

    /// <summary>A coordinator that is just loading, or busy with the transaction before, is asked again.</summary>
    private static T Retry<T>(string name, Func<T> call, Func<T, ErrorCode> errorOf)
    {
        for (var i = 0; ; i++)
        {
            var answer = call();
            var error = errorOf(answer);
            if (error == ErrorCode.None)
                return answer;
            if (i == Tries || error is not (ErrorCode.CoordinatorLoadInProgress or ErrorCode.CoordinatorNotAvailable
                or ErrorCode.NotCoordinator or ErrorCode.ConcurrentTransactions))
                throw new BenchException($"{name} was answered with {error}.");
            Thread.Sleep(Pause);
        }
    }
}
