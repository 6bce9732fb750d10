using Millrace.Core.Model;

namespace Millrace.Simulation.Ledgers;

/// <summary>Who owns the partitions of consumer groups, as the members themselves see it.</summary>
internal sealed class Ownership(World world)
{
    private readonly Dictionary<(string Group, string Partition), (string Member, Instant Until)> _owners = [];

    /// <summary>
    /// A member owns the partition until it says otherwise, or until its own session is over by its own clock. Nobody
    /// else may own it then.
    /// </summary>
    public void Own(string group, string partition, string member, Instant until)
    {
        if (_owners.TryGetValue((group, partition), out var owner)
            && owner.Member != member && owner.Until > world.Time.Now)
            world.Fail($"group {group}: {member} gets {partition}, which {owner.Member} owns");
        _owners[(group, partition)] = (member, until);
    }

    public void Release(string group, string partition, string member)
    {
        if (_owners.TryGetValue((group, partition), out var owner) && owner.Member == member)
            _owners.Remove((group, partition));
    }
}
