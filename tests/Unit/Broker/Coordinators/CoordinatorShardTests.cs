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
    private const int TooLarge = 2000;

    private readonly PartitionFixture _fixture = new(LogSettings.Default with { SegmentBytes = 1000 });

    [Fact]
    public void WhatIsDueAndRefusedIsTriedAgainAfterAWhile()
    {
        var expired = 0;
        var shard = new CoordinatorShard<Core>(
            _fixture.Partition, () => new Core(() => expired++, TooLarge), _fixture.Loop, _ => { });
        for (var i = 0; i < 10; i++)
            _fixture.Loop.Advance(0);
        Assert.Equal(1, expired);
        _fixture.Loop.Advance(999);
        Assert.True(shard.Run((_, _, _) => { }));
        Assert.Equal(1, expired);

        _fixture.Loop.Advance(1);

        Assert.Equal(2, expired);
    }

    [Fact]
    public void WhatIsDueIsDoneAfterAPauseAlsoIfATimerFiresWithinIt()
    {
        var expired = 0;
        var shard = new CoordinatorShard<Core>(
            _fixture.Partition, () => new Core(() => expired++, size: 0, everyMs: 500), _fixture.Loop, _ => { });
        _fixture.Loop.Advance(0);
        _fixture.Disk.IsFull = true;
        Assert.True(shard.Run((_, _, effects) => Append(effects, 1)));
        _fixture.Disk.IsFull = false;
        expired = 0;

        _fixture.Loop.Advance(500);
        Assert.Equal(0, expired);
        _fixture.Loop.Advance(500);

        Assert.Equal(1, expired);
    }

    private static void Append(Effects effects, int size) =>
        effects.Append(0, new OffsetCommitKey { Group = new string('g', size) }, 0, null);

    /// <summary>Has something due every so often, with a record of a size if that is not 0.</summary>
    private sealed class Core(Action expires, int size, int everyMs = 0) : ICoordinatorCore
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
            if (size > 0)
                Append(effects, size);
            return now + everyMs;
        }

        public void Resign(ErrorCode error, Effects effects)
        {
        }
    }
}
