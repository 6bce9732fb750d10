using System.Buffers.Binary;
using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Records;
using Millrace.Protocol.Wire;
using Millrace.Simulation.Ledgers;

namespace Millrace.Simulation.Clients;

/// <summary>
/// Copies records exactly once: what it writes and how far it has come are one transaction. Several have the same
/// transactional id and take over from each other without a word; some work by the older protocol, some by the newer.
/// </summary>
internal sealed class Copier(World world, int number) : Client(world, $"copier {number}")
{
    private const string TransactionalId = "copier";
    private const int TimeoutMs = 4_000;

    private readonly int[] _sequences = new int[CopyLedger.Partitions];
    private ProducerIdAndEpoch _producer;
    private bool _hasEpochs;
    private long _position;

    protected override async Task Work()
    {
        await Pause(1, 4000);
        if (!await Begin())
            return;
        for (var i = Random.Next(1, 12); i > 0 && !World.IsEnding; i--)
        {
            await Pause(1, 300);
            if (!await CopySome())
                return;
        }
    }

    /// <summary>Takes the id over and finds out how far its last owner came.</summary>
    private async Task<bool> Begin()
    {
        _hasEpochs = Random.Next(2) == 0;
        Array.Clear(_sequences);
        foreach (var kind in (sbyte[])[0, 1])
        {
            var found = await Call<FindCoordinatorResponse>(
                ApiKey.FindCoordinator, 3, new FindCoordinatorRequest { Key = TransactionalId, KeyType = kind });
            if (found is not { ErrorCode: ErrorCode.None })
                return false;
        }

        var request = new InitProducerIdRequest { TransactionalId = TransactionalId, TransactionTimeoutMs = TimeoutMs };
        InitProducerIdResponse? answer;
        while ((answer = await Call<InitProducerIdResponse>(ApiKey.InitProducerId, 4, request))?.ErrorCode
            == ErrorCode.ConcurrentTransactions && !World.IsEnding)
            await Pause(5, 60);
        if (answer is not { ErrorCode: ErrorCode.None })
            return false;
        _producer = new ProducerIdAndEpoch(answer.ProducerId, answer.ProducerEpoch);
        Say($"is {_producer}");
        return await FetchPosition() is { } position && (_position = position) >= 0;
    }

    /// <summary>The committed position, once it is stable; null if it is not told.</summary>
    public async Task<long?> FetchPosition()
    {
        var name = $"{CopyLedger.Input}-0";
        var safe = World.Ledger.SafeOffset(CopyLedger.Group, name);
        var answer = await Call<OffsetFetchResponse>(ApiKey.OffsetFetch, 7, new OffsetFetchRequest
        {
            GroupId = CopyLedger.Group,
            RequireStable = true,
            Topics = [new() { Name = CopyLedger.Input, PartitionIndexes = [0] }],
        });
        if (answer is not { ErrorCode: ErrorCode.None }
            || answer.Topics[0].Partitions[0] is not { ErrorCode: ErrorCode.None } found)
            return null;
        World.Ledger.Fetched(CopyLedger.Group, name, safe, found.CommittedOffset);
        return Math.Max(found.CommittedOffset, 0);
    }

    /// <summary>One transaction; false where it is not known how it ended, or somebody else has the id.</summary>
    private async Task<bool> CopySome()
    {
        var end = await FindEnd(Random.Next(1, 30));
        if (end <= _position)
            return end == _position;
        if (!_hasEpochs && !await Add(end))
            return false;
        if (!await Write(end) || !await Commit(end))
            return false;
        if (Random.Next(12) == 0)
            await Pause(TimeoutMs, 2 * TimeoutMs); // and is aborted meanwhile
        return await End(end, isCommit: Random.Next(6) > 0);
    }

    /// <summary>Up to which offset there are records; -1 if it is not told.</summary>
    private async Task<long> FindEnd(int most)
    {
        var answer = await Call<ListOffsetsResponse>(ApiKey.ListOffsets, 7, new ListOffsetsRequest
        {
            Topics = [new() { Name = CopyLedger.Input, Partitions = [new() { Timestamp = -1 }] }],
        });
        return answer?.Topics[0].Partitions[0] is { ErrorCode: ErrorCode.None } found
            ? Math.Min(found.Offset, _position + most)
            : -1;
    }

    private async Task<bool> Add(long end)
    {
        var partitions = Originals(end).Select(original => (int)(original % CopyLedger.Partitions)).Distinct().ToList();
        var added = await Call<AddPartitionsToTxnResponse>(ApiKey.AddPartitionsToTxn, 3, new AddPartitionsToTxnRequest
        {
            V3AndBelowTransactionalId = TransactionalId,
            V3AndBelowProducerId = _producer.Id,
            V3AndBelowProducerEpoch = _producer.Epoch,
            V3AndBelowTopics = [new() { Name = CopyLedger.Output, Partitions = partitions }],
        });
        var offsets = await Call<AddOffsetsToTxnResponse>(ApiKey.AddOffsetsToTxn, 3, new AddOffsetsToTxnRequest
        {
            TransactionalId = TransactionalId,
            ProducerId = _producer.Id,
            ProducerEpoch = _producer.Epoch,
            GroupId = CopyLedger.Group,
        });
        return added is not null && offsets is { ErrorCode: ErrorCode.None }
            && added.ResultsByTopicV3AndBelow[0].ResultsByPartition
                .All(partition => partition.PartitionErrorCode == ErrorCode.None);
    }

    /// <summary>Sends a batch for each partition, one behind the other, perhaps in several requests at once.</summary>
    private async Task<bool> Write(long end)
    {
        var originals = Originals(end).ToList();
        var calls = new List<Task<ProduceResponse?>>();
        foreach (var some in originals.Chunk(Random.Next(1, originals.Count + 1)))
            foreach (var own in some.GroupBy(original => (int)(original % CopyLedger.Partitions)))
                calls.Add(Write(own.Key, [.. own]));
        var answers = await Task.WhenAll(calls);
        return answers.All(answer =>
            answer?.Responses[0].PartitionResponses[0] is { ErrorCode: ErrorCode.None });
    }

    private Task<ProduceResponse?> Write(int partition, List<long> originals)
    {
        using var builder = new RecordBatchBuilder
        {
            ProducerId = _producer.Id,
            ProducerEpoch = _producer.Epoch,
            BaseSequence = _sequences[partition],
            IsTransactional = true,
        };
        _sequences[partition] += originals.Count;
        var value = new byte[sizeof(long)];
        foreach (var original in originals)
        {
            BinaryPrimitives.WriteInt64BigEndian(value, original);
            builder.Append(World.Time.Now.Milliseconds, value, value);
        }

        return Call<ProduceResponse>(ApiKey.Produce, (short)(_hasEpochs ? 12 : 9), new ProduceRequest
        {
            TransactionalId = TransactionalId,
            Acks = -1,
            TimeoutMs = 30_000,
            TopicData =
            [
                new()
                {
                    Name = CopyLedger.Output,
                    PartitionData = [new() { Index = partition, Records = new RecordData(builder.Build().ToArray()) }],
                },
            ],
        });
    }

    private async Task<bool> Commit(long end)
    {
        World.Ledger.Committing(CopyLedger.Group, $"{CopyLedger.Input}-0", end);
        var answer = await Call<TxnOffsetCommitResponse>(
            ApiKey.TxnOffsetCommit, (short)(_hasEpochs ? 5 : 3), new TxnOffsetCommitRequest
            {
                TransactionalId = TransactionalId,
                GroupId = CopyLedger.Group,
                ProducerId = _producer.Id,
                ProducerEpoch = _producer.Epoch,
                Topics =
                [
                    new()
                    {
                        Name = CopyLedger.Input,
                        Partitions = [new() { PartitionIndex = 0, CommittedOffset = end }],
                    },
                ],
            });
        return answer?.Topics[0].Partitions[0] is { ErrorCode: ErrorCode.None };
    }

    private async Task<bool> End(long end, bool isCommit)
    {
        var answer = await Call<EndTxnResponse>(ApiKey.EndTxn, (short)(_hasEpochs ? 5 : 3), new EndTxnRequest
        {
            TransactionalId = TransactionalId,
            ProducerId = _producer.Id,
            ProducerEpoch = _producer.Epoch,
            Committed = isCommit,
        });
        Say($"{(isCommit ? "commits" : "aborts")} {_position} to {end}: {answer?.ErrorCode}");
        if (answer is { ErrorCode: ErrorCode.ProducerFenced or ErrorCode.InvalidProducerEpoch })
            World.Sometimes.Count(Rare.CopierFenced);
        if (answer is not { ErrorCode: ErrorCode.None })
            return false;
        World.Sometimes.Count(isCommit ? Rare.TransactionCommitted : Rare.TransactionAborted);
        if (isCommit)
        {
            World.Ledger.Committed(CopyLedger.Group, $"{CopyLedger.Input}-0", end);
            _position = end;
        }

        if (_hasEpochs)
        {
            _producer = new ProducerIdAndEpoch(answer.ProducerId, answer.ProducerEpoch);
            Array.Clear(_sequences);
        }

        return true;
    }

    private IEnumerable<long> Originals(long end)
    {
        for (var original = _position; original < end; original++)
            yield return original;
    }
}
