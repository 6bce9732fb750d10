using Millrace.Core.Log.Cleaner;
using Millrace.Core.Model;
using Millrace.Protocol.Records;

namespace Millrace.Unit.Core.Log.Cleaner;

/// <summary>Random histories against a model that knows what every cleaning has to leave.</summary>
public sealed class HistoryTests
{
    private const long Retention = 1000;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void WhatStaysIsWhatTheModelSays(int seed)
    {
        for (int i = 0; i < 25; i++)
            new History(seed + (i * 1000)).Run();
    }

    private sealed class History(int seed)
    {
        private readonly Random _random = new(seed);
        private readonly CleanedLog _log = new(CleanedLog.Compacted with { DeleteRetentionMs = Retention });
        private readonly List<Written> _written = [];
        private readonly int[] _sequences = new int[4];
        private readonly bool[] _isOpen = new bool[4];

        public void Run()
        {
            _log.Map = new OffsetMap(_random.Next(16, 60) * OffsetMap.SlotSize);
            int rounds = _random.Next(2, 7);
            for (int round = 0; round < rounds; round++)
            {
                for (int i = _random.Next(40); i > 0; i--)
                    Write();
                if (_random.Next(3) > 0)
                    _log.Roll();
                _log.Now += _random.Next(700);
                Clean();
                Check();
            }
        }

        private void Write()
        {
            int producer = _random.Next(-1, _sequences.Length);
            bool transactional = producer is 2 or 3;
            if (transactional && _isOpen[producer] && _random.Next(3) == 0)
            {
                End(producer);
                return;
            }

            var records = new (string? Key, string? Value)[_random.Next(1, 5)];
            for (int i = 0; i < records.Length; i++)
            {
                string? key = _random.Next(20) == 0 ? null : $"k{_random.Next(12)}";
                records[i] = (key, key is not null && _random.Next(5) == 0 ? null : $"v{_random.Next()}");
            }

            long first = _log.Append(
                records, (CompressionType)_random.Next(5), producer, producer < 0 ? -1 : _sequences[producer],
                transactional);
            if (producer >= 0)
                _sequences[producer] += records.Length;
            if (transactional)
                _isOpen[producer] = true;
            for (int i = 0; i < records.Length; i++)
            {
                _written.Add(new Written(
                    new(first + i, records[i].Key, records[i].Value), transactional ? producer : -1));
            }
        }

        private void End(int producer)
        {
            bool commit = _random.Next(2) == 0;
            _log.End(producer, commit);
            _isOpen[producer] = false;
            foreach (Written written in _written.Where(written => written.OpenOf == producer))
            {
                written.OpenOf = -1;
                written.IsAborted = !commit;
            }
        }

        private void Clean()
        {
            Offset last = Offset.None;
            while (_log.ToClean() is { CleanableBytes: > 0 } && _log.Checkpoint > last)
            {
                last = _log.Checkpoint;
                try
                {
                    long end = _log.Clean().End.Value;
                    Forget(end);
                }
                catch (IOException failure) when (failure.Message.Contains("dedupe", StringComparison.Ordinal))
                {
                    Assert.True(_log.Map.Count > 10);
                }
            }
        }

        private void Forget(long end)
        {
            List<Written> seen = [.. _written.Where(w => w.Record.Offset < end)];
            Dictionary<string, long> latest = seen.Where(w => !w.IsAborted && w.Record.Key is not null)
                .GroupBy(w => w.Record.Key!).ToDictionary(g => g.Key, g => g.Max(w => w.Record.Offset));
            foreach (Written written in seen)
            {
                if (written.IsAborted || written.Record.Key is null
                    || written.Record.Offset < latest[written.Record.Key]
                    || written.Horizon <= _log.Now.Milliseconds)
                    _written.Remove(written);
                else if (written.Record.Value is null && written.Horizon == long.MaxValue)
                    written.Horizon = _log.Now.Milliseconds + Retention;
            }
        }

        private void Check()
        {
            Assert.Equal(_written.Select(written => written.Record), _log.Records());
            List<Batch> batches = _log.Headers();
            Assert.Equal(batches.OrderBy(batch => batch.BaseOffset), batches);
            foreach (int producer in Enumerable.Range(0, 4).Where(producer => _sequences[producer] > 0))
            {
                Batch last = batches.Last(batch => batch.ProducerId == producer && !batch.IsControl);
                Assert.Equal(_sequences[producer] - 1, last.BaseSequence + last.LastOffset - last.BaseOffset);
            }
        }
    }

    private sealed class Written(DataRecord record, int openOf)
    {
        public DataRecord Record { get; } = record;

        public int OpenOf { get; set; } = openOf;

        public bool IsAborted { get; set; }

        public long Horizon { get; set; } = long.MaxValue;
    }
}
