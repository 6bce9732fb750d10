using Millrace.Broker.Coordinators;
using Millrace.Core.Coordinators;
using Millrace.Core.Log;
using Millrace.Core.Model;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;
using Millrace.Unit.Broker.Partitions;

namespace Millrace.Unit.Broker.Coordinators;

/// <summary>The shell of a coordinator whose core wants what the log refuses.</summary>
public sealed class CoordinatorShardTests
{
    private readonly PartitionFixture _fixture = new(LogSettings.Default with { SegmentBytes = 1000 });

    [Fact]
    public void WhatIsDueAndRefusedIsTriedAgainAfterAWhile()
    {
        var expired = 0;
        var shard = new CoordinatorShard<Core>(
            _fixture.Partition, () => new Core(() => expired++), _fixture.Loop, _ => { });
        for (var i = 0; i < 10; i++)
            _fixture.Loop.Advance(0);
        Assert.Equal(1, expired);
        _fixture.Loop.Advance(999);
        Assert.True(shard.Run((_, _, _) => { }));
        Assert.Equal(1, expired);

        _fixture.Loop.Advance(1);

        Assert.Equal(2, expired);
    }

    /// <summary>Has something due always, which is larger than a segment.</summary>
    private sealed class Core(Action expires) : ICoordinatorCore
    {
        public static string Kept => "tests";

        public static void Fail(IMessage response, ErrorCode error)
        {
        }

        public void Replay(ReadOnlyMemory<byte> key, ReadOnlyMemory<byte>? value, long transactionOf)
        {
        }

        public void ReplayEndTransaction(long producerId, bool isCommit)
        {
        }

        public void Start(Instant now)
        {
        }

        public Instant Expire(Instant now, Effects effects)
        {
            expires();
            effects.Append(0, new OffsetCommitKey { Group = new string('g', 2000) }, 0, null);
            return now;
        }

        public void Resign(ErrorCode error, Effects effects)
        {
        }
    }
}
