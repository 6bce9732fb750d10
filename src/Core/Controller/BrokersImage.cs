using System.Collections.Immutable;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Core.Controller;

/// <summary>A broker's registration: the record that made it, with the changes since.</summary>
internal sealed record BrokerImage(RegisterBrokerRecord Registration)
{
    public bool IsFenced { get; init; } = Registration.Fenced;

    public bool IsStopping { get; init; } = Registration.InControlledShutdown;

    public ImmutableArray<Uuid> LogDirs { get; init; } = [.. Registration.LogDirs];

    public ImmutableArray<Uuid>? CordonedLogDirs { get; init; } =
        Registration.CordonedLogDirs is { } cordoned ? [.. cordoned] : null;

    /// <summary>An offset in the metadata log: that of the registration.</summary>
    public long Epoch => Registration.BrokerEpoch;

    /// <summary>For fenced and stopping 1 says yes, -1 no, 0 nothing.</summary>
    public BrokerImage After(BrokerRegistrationChangeRecord change) => this with
    {
        IsFenced = change.Fenced == 0 ? IsFenced : change.Fenced > 0,
        IsStopping = change.InControlledShutdown == 0 ? IsStopping : change.InControlledShutdown > 0,
        LogDirs = change.LogDirs.Count == 0 ? LogDirs : [.. change.LogDirs],
        CordonedLogDirs = change.CordonedLogDirs is { } cordoned ? [.. cordoned] : CordonedLogDirs,
    };

    public RegisterBrokerRecord Record() => new()
    {
        BrokerId = Registration.BrokerId,
        IsMigratingZkBroker = Registration.IsMigratingZkBroker,
        IncarnationId = Registration.IncarnationId,
        BrokerEpoch = Registration.BrokerEpoch,
        EndPoints = Registration.EndPoints,
        Features = Registration.Features,
        Rack = Registration.Rack,
        Fenced = IsFenced,
        InControlledShutdown = IsStopping,
        LogDirs = [.. LogDirs],
        CordonedLogDirs = CordonedLogDirs is { } cordoned ? [.. cordoned] : null,
    };
}

/// <summary>The brokers and controllers that are registered, by their numbers.</summary>
internal sealed record BrokersImage(
    ImmutableSortedDictionary<int, BrokerImage> Brokers,
    ImmutableSortedDictionary<int, RegisterControllerRecord> Controllers)
{
    public static readonly BrokersImage Empty = new(
        ImmutableSortedDictionary<int, BrokerImage>.Empty,
        ImmutableSortedDictionary<int, RegisterControllerRecord>.Empty);

    public BrokersImage Replay(IMessage record) => record switch
    {
        RegisterBrokerRecord broker =>
            this with { Brokers = Brokers.SetItem(broker.BrokerId, new BrokerImage(broker)) },
        UnregisterBrokerRecord broker => this with { Brokers = Brokers.Remove(broker.BrokerId) },
        BrokerRegistrationChangeRecord change => Changed(change),
        FenceBrokerRecord fenced => Changed(new() { BrokerId = fenced.Id, Fenced = 1 }),
        UnfenceBrokerRecord unfenced => Changed(new() { BrokerId = unfenced.Id, Fenced = -1 }),
        RegisterControllerRecord controller =>
            this with { Controllers = Controllers.SetItem(controller.ControllerId, controller) },
        UnregisterControllerRecord controller =>
            this with { Controllers = Controllers.Remove(controller.ControllerId) },
        _ => this,
    };

    public IEnumerable<IMessage> Records() =>
        [.. Brokers.Values.Select(broker => broker.Record()), .. Controllers.Values];

    private BrokersImage Changed(BrokerRegistrationChangeRecord change) =>
        Brokers.TryGetValue(change.BrokerId, out var broker)
            ? this with { Brokers = Brokers.SetItem(change.BrokerId, broker.After(change)) }
            : this;
}
