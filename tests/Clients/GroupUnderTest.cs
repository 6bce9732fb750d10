using System.Globalization;
using System.Text.RegularExpressions;
using Confluent.Kafka;
using Millrace.Shared;

namespace Millrace.Clients;

/// <summary>A consumer group whose members are all of one client; what they are told and read is kept here.</summary>
internal sealed partial class GroupUnderTest(BrokerUnderTest broker, string client, string topic)
{
    private readonly Lock _lock = new();
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string Name { get; } = broker.NewName("group");

    public Member Join() => Join(client);

    /// <summary>A member of this client, which may be another than the first's: protocols mix in an upgrade.</summary>
    public Member Join(string client) => client switch
    {
        "librdkafka" => new LibrdkafkaMember(this, PartitionAssignmentStrategy.Range),
        "librdkafka-cooperative" => new LibrdkafkaMember(this, PartitionAssignmentStrategy.CooperativeSticky),
        "librdkafka-consumer" => new LibrdkafkaMember(this, null),
        "kcat" => new KcatMember(this),
        _ when client.EndsWith("-consumer", StringComparison.Ordinal) =>
            new ProgramMember(this, client[..client.LastIndexOf('-')], "consumer"),
        _ => new ProgramMember(this, client, "classic"),
    };

    /// <summary>Waits until what the members saw fulfils the condition, or fails saying what they saw.</summary>
    public async Task Until(Func<bool> condition, params Member[] members)
    {
        using var deadline = ChildProcess.Deadline();
        while (true)
        {
            Task changed;
            lock (_lock)
            {
                if (condition())
                    return;
                changed = _changed.Task;
            }

            try
            {
                await changed.WaitAsync(deadline.Token);
            }
            catch (OperationCanceledException)
            {
                lock (_lock)
                    Assert.Fail(string.Join('\n', members.AsEnumerable()));
            }
        }
    }

    private void Change(Action change)
    {
        lock (_lock)
        {
            change();
            _changed.SetResult();
            _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    /// <summary>One member of the group. Its sets are read only within a condition, under the group's lock.</summary>
    internal abstract class Member(GroupUnderTest group) : IAsyncDisposable
    {
        public SortedSet<int> Assigned { get; } = [];

        public HashSet<(int Partition, long Offset)> Records { get; } = [];

        public abstract Task Leave();

        public abstract ValueTask DisposeAsync();

        public override string ToString() => $"assigned [{string.Join(' ', Assigned)}], {Records.Count} records";

        protected void Assign(IEnumerable<int> partitions) => group.Change(() => Assigned.UnionWith(partitions));

        protected void Revoke(IEnumerable<int> partitions) => group.Change(() => Assigned.ExceptWith(partitions));

        protected void AssignAnew(IEnumerable<int> partitions) => group.Change(() =>
        {
            Assigned.Clear();
            Assigned.UnionWith(partitions);
        });

        protected void Read(int partition, long offset) => group.Change(() => Records.Add((partition, offset)));

        /// <summary>A line <c>record PARTITION OFFSET</c>.</summary>
        protected bool TryRead(string line)
        {
            if (line.Split(' ') is not ["record", var partition, var offset])
                return false;
            Read(int.Parse(partition, CultureInfo.InvariantCulture), long.Parse(offset, CultureInfo.InvariantCulture));
            return true;
        }
    }

    private sealed class LibrdkafkaMember : Member
    {
        private readonly CancellationTokenSource _left = new();
        private readonly IConsumer<byte[], byte[]> _consumer;
        private readonly Task _reading;

        /// <summary>Without a strategy it speaks the new protocol (KIP-848).</summary>
        public LibrdkafkaMember(GroupUnderTest group, PartitionAssignmentStrategy? strategy)
            : base(group)
        {
            var config = new ConsumerConfig
            {
                BootstrapServers = group.Bootstrap,
                GroupId = group.Name,
                AutoOffsetReset = AutoOffsetReset.Earliest,
            };
            if (strategy is null)
            {
                config.GroupProtocol = GroupProtocol.Consumer;
            }
            else
            {
                config.SessionTimeoutMs = 10_000;
                config.HeartbeatIntervalMs = 500;
                config.PartitionAssignmentStrategy = strategy;
            }

            _consumer = new ConsumerBuilder<byte[], byte[]>(config)
                .SetPartitionsAssignedHandler((_, given) => Assign(given.Select(each => each.Partition.Value)))
                .SetPartitionsRevokedHandler((_, taken) => Revoke(taken.Select(each => each.Partition.Value)))
                .SetLogHandler((_, _) => { })
                .Build();
            _consumer.Subscribe(group.Topic);
            _reading = Task.Run(Run, CancellationToken.None);
        }

        public override async Task Leave()
        {
            await _left.CancelAsync();
            await _reading;
        }

        public override async ValueTask DisposeAsync()
        {
            await Leave();
            _consumer.Dispose();
            _left.Dispose();
        }

        private void Run()
        {
            while (!_left.IsCancellationRequested)
            {
                if (_consumer.Consume(100) is { } record)
                    Read(record.Partition.Value, record.Offset.Value);
            }

            _consumer.Close();
        }
    }

    private sealed class ProgramMember : Member
    {
        private readonly ChildProcess _process;
        private readonly Task _reading;

        public ProgramMember(GroupUnderTest group, string client, string protocol)
            : base(group)
        {
            string[] arguments = ["member", group.Bootstrap, group.Name, group.Topic];
            _process = ClientProgram.Of(client).Start(protocol == "classic" ? arguments : [.. arguments, protocol]);
            _reading = ReadOutput();
        }

        public override async Task Leave()
        {
            using var deadline = ChildProcess.Deadline();
            _process.Input.Close();
            await _reading.WaitAsync(deadline.Token);
            Assert.Equal(0, await _process.Exit(deadline.Token));
        }

        public override ValueTask DisposeAsync() => _process.DisposeAsync();

        public override string ToString() => $"{base.ToString()}, {_process.Errors}";

        private async Task ReadOutput()
        {
            while (await _process.Output.ReadLineAsync() is { } line)
            {
                if (!TryRead(line) && line.Split(' ') is ["assigned", .. var partitions])
                    AssignAnew(partitions.Where(text => text.Length > 0)
                        .Select(text => int.Parse(text, CultureInfo.InvariantCulture)));
            }
        }
    }

    /// <summary>kcat tells of assignments on its error output and leaves when it is asked to end.</summary>
    private sealed partial class KcatMember : Member
    {
        private readonly ChildProcess _process;
        private readonly Task _reading;

        public KcatMember(GroupUnderTest group)
            : base(group)
        {
            _process = ChildProcess.Start(
                "kcat", "-b", group.Bootstrap, "-G", group.Name, "-u", "-f", "record %p %o\n",
                "-X", "auto.offset.reset=earliest", "-X", "session.timeout.ms=10000", "-X", "heartbeat.interval.ms=500",
                group.Topic);
            _process.ErrorLine += Rebalanced;
            _reading = ReadOutput();
        }

        public override async Task Leave()
        {
            Assert.Equal(0, await _process.Terminate());
            await _reading;
        }

        public override ValueTask DisposeAsync() => _process.DisposeAsync();

        public override string ToString() => $"{base.ToString()}, {_process.Errors}";

        private void Rebalanced(string line)
        {
            var partitions = PartitionNumber().Matches(line)
                .Select(match => int.Parse(match.ValueSpan, CultureInfo.InvariantCulture)).ToList();
            if (line.Contains("assigned:", StringComparison.Ordinal))
                AssignAnew(partitions);
            else if (line.Contains("revoked:", StringComparison.Ordinal))
                Revoke(partitions);
        }

        private async Task ReadOutput()
        {
            while (await _process.Output.ReadLineAsync() is { } line)
                TryRead(line);
        }

        [GeneratedRegex(@"(?<=\[)\d+(?=\])")]
        private static partial Regex PartitionNumber();
    }

    private string Bootstrap => broker.Bootstrap;

    private string Topic => topic;
}
