using Millrace.Core.Model;
using Millrace.Core.Share;
using Millrace.Protocol;

namespace Millrace.Unit.Core.Share;

/// <summary>A share partition against a model that knows each record for itself, over random histories.</summary>
public sealed class SharePartitionModelTests
{
    private const int Records = 60;

    [Fact]
    public void EachRecordFaresAsInTheModel()
    {
        for (var seed = 0; seed < 300; seed++)
            new History(seed).Run();
    }

    private sealed class History(int seed)
    {
        private readonly Random _random = new(seed);
        private readonly string?[] _owner = new string?[Records];
        private readonly Instant[] _lockEnd = new Instant[Records];
        private readonly int[] _deliveries = new int[Records];
        private readonly bool[] _done = new bool[Records];
        private readonly ShareSettings _settings = new() { MaxRecordLocks = 25, DeliveryCountLimit = 4 };
        private readonly List<FetchedBatch> _log = [];
        private SharePartition _partition = null!;
        private ShareState _stored = new(0, 0, 0, 0, 0, []);
        private Instant _now = new(0);

        public void Run()
        {
            for (var offset = 0; offset < Records;)
            {
                var last = Math.Min(offset + _random.Next(7), Records - 1);
                _log.Add(new FetchedBatch(offset, last));
                offset = last + 1;
            }

            Load();
            for (var step = 0; step < 400; step++)
            {
                _now += _random.Next(3_000);
                switch (_random.Next(20))
                {
                    case < 9:
                        Fetch();
                        break;
                    case < 17:
                        Acknowledge();
                        break;
                    case 17:
                        Release($"m{_random.Next(3)}");
                        break;
                    case 18:
                        Expire();
                        break;
                    default:
                        Load();
                        break;
                }

                Check();
            }
        }

        private void Fetch()
        {
            if (_partition.NextFetchOffset is not { } from)
                return;
            var member = $"m{_random.Next(3)}";
            var read = _log.Where(batch => batch.LastOffset >= from).Take(1 + _random.Next(4)).ToList();
            var limits = new FetchLimits(1 + _random.Next(10), 5, _random.Next(2) == 0);
            foreach (var (first, last, count) in _partition.Acquire(member, read, from, limits, _now))
            {
                for (var offset = first; offset <= last; offset++)
                {
                    Assert.True(_owner[offset] is null && !_done[offset], $"seed {seed}: {offset} is not free");
                    _owner[offset] = member;
                    _lockEnd[offset] = _now + _settings.LockDurationMs;
                    Assert.Equal(++_deliveries[offset], count);
                }
            }
        }

        private void Acknowledge()
        {
            var member = $"m{_random.Next(3)}";
            var first = _random.NextInt64(Records);
            var last = Math.Min(first + _random.Next(5), Records - 1);
            var types = Enumerable.Range(0, (int)(last - first + 1)).Select(_ => (sbyte)_random.Next(5)).ToArray();
            var error = _partition.Acknowledge(
                member, [new AcknowledgementBatch(first, last, types)], _now, out var change);
            var from = Math.Max(first, Start());
            var owns = Range(from, last).All(offset => _owner[offset] == member);
            if (error != ErrorCode.None)
            {
                Assert.False(owns && last < _partition.EndOffset && from <= last, $"seed {seed}: {error}");
                return;
            }

            Assert.True(owns, $"seed {seed}: {first}-{last} is not {member}'s");
            foreach (var offset in Range(from, last))
            {
                var type = (AcknowledgeType)types[offset - first];
                if (type == AcknowledgeType.Renew)
                    _lockEnd[offset] = _now + _settings.LockDurationMs;
                else
                    End(offset, type != AcknowledgeType.Release);
            }

            Store(change);
        }

        private void Release(string member)
        {
            foreach (var offset in Range(0, Records - 1).Where(offset => _owner[offset] == member))
                End(offset, false);
            Store(_partition.Release(member));
        }

        private void Expire()
        {
            foreach (var offset in Range(0, Records - 1))
            {
                if (_owner[offset] is not null && _lockEnd[offset] <= _now)
                    End(offset, false);
            }

            Store(_partition.Expire(_now));
        }

        private void End(long offset, bool isDone)
        {
            _owner[offset] = null;
            _done[offset] = isDone || _deliveries[offset] >= _settings.DeliveryCountLimit;
        }

        private void Store(StateChange? change)
        {
            if (change is not null)
                _stored = _stored.With(0, change);
        }

        /// <summary>Who has a record loses it, and its delivery was never told.</summary>
        private void Load()
        {
            foreach (var offset in Range(0, Records - 1).Where(offset => _owner[offset] is not null))
            {
                _owner[offset] = null;
                _deliveries[offset]--;
            }

            _partition = new SharePartition(_stored, _stored.StartOffset, _settings);
        }

        private void Check()
        {
            Assert.Equal(Start(), _partition.StartOffset);
            Assert.True(_partition.EndOffset <= Records);
            Assert.Equal(
                Range(Start(), _partition.EndOffset - 1).Count(offset => !_done[offset]), _partition.InFlight);
        }

        private long Start() => Range(0, Records - 1).TakeWhile(offset => _done[offset]).Count();

        private static IEnumerable<long> Range(long first, long last)
        {
            for (var offset = first; offset <= last; offset++)
                yield return offset;
        }
    }
}
