using System.Collections.Immutable;

namespace Millrace.Core.Groups.Streams;

/// <summary>
/// Leaves tasks where they are as far as the balance of processes and their members allows it. Active tasks go first:
/// to who runs them, to who has their state, to who has least to do. Standby tasks never go to a process that has the
/// task already.
/// </summary>
internal sealed class StickyTaskAssignor : ITaskAssignor
{
    public string Name => "sticky";

    public Dictionary<string, StreamsTasks> Assign(
        IReadOnlyList<AssignedStreamsMember> members,
        ImmutableSortedDictionary<string, ConfiguredSubtopology> subtopologies, int standbyReplicas)
    {
        var assignment = new Assignment(members);
        var tasks = subtopologies
            .SelectMany(sub => Enumerable.Range(0, sub.Value.Tasks).Select(i => new TaskId(sub.Key, i))).ToList();
        var stateful = tasks.FindAll(task => subtopologies[task.SubtopologyId].IsStateful);
        if (members.Count > 0)
        {
            assignment.AllOf(tasks.Count + (stateful.Count * standbyReplicas), tasks.Count);
            assignment.AssignActive(tasks);
            if (standbyReplicas > 0)
                assignment.AssignStandby(stateful, standbyReplicas);
        }

        return assignment.Targets();
    }

    /// <summary>Ordered by partitions first, so that the tasks of one partition are spread alike.</summary>
    private static IEnumerable<TaskId> ByPartition(IEnumerable<TaskId> tasks) =>
        tasks.OrderBy(task => task.Partition).ThenBy(task => task.SubtopologyId, StringComparer.Ordinal);

    /// <summary>How many tasks a member may have before the others have theirs; it falls as members are full.</summary>
    private sealed class Quota(int tasks, int members)
    {
        private int _tasks = tasks;
        private int _members = members;

        private int OfMember => _members == 0 ? 0 : (_tasks + _members - 1) / _members;

        public bool Allows(Load member) => member.Count < OfMember;

        public void Note(Load member)
        {
            if (member.Count != OfMember)
                return;
            _members--;
            _tasks -= member.Count;
        }
    }

    private sealed class Process
    {
        public List<Load> Members { get; } = [];

        public HashSet<TaskId> Tasks { get; } = [];

        public int Count { get; set; }

        public double PerMember => (double)Count / Members.Count;

        public Load LeastLoaded => Members.MinBy(member => member.Count)!;
    }

    private sealed class Load(AssignedStreamsMember member, Process process)
    {
        public AssignedStreamsMember Member => member;

        public Process Process => process;

        public ImmutableSortedSet<TaskId>.Builder Active { get; } = ImmutableSortedSet.CreateBuilder<TaskId>();

        public ImmutableSortedSet<TaskId>.Builder Standby { get; } = ImmutableSortedSet.CreateBuilder<TaskId>();

        public int Count => Active.Count + Standby.Count;
    }

    private sealed class Assignment
    {
        private readonly SortedDictionary<string, Process> _processes = new(StringComparer.Ordinal);
        private readonly List<Load> _members = [];
        private readonly Dictionary<TaskId, Load> _formerActive = [];
        private readonly Dictionary<TaskId, List<Load>> _formerStandby = [];
        private Quota _activeQuota = new(0, 0);
        private Quota _quota = new(0, 0);

        public Assignment(IReadOnlyList<AssignedStreamsMember> members)
        {
            foreach (var member in members)
            {
                if (!_processes.TryGetValue(member.ProcessId, out var process))
                    _processes.Add(member.ProcessId, process = new Process());
                var load = new Load(member, process);
                process.Members.Add(load);
                _members.Add(load);
                foreach (var task in member.Tasks.Active.Keys)
                    _formerActive[task] = load;
            }

            FindFormerStandby();
        }

        public void AllOf(int tasks, int activeTasks)
        {
            _quota = new Quota(tasks, _members.Count);
            _activeQuota = new Quota(activeTasks, _members.Count);
        }

        public void AssignActive(List<TaskId> tasks)
        {
            var left = new List<TaskId>();
            foreach (var task in ByPartition(tasks))
                if (_formerActive.TryGetValue(task, out var former) && _activeQuota.Allows(former))
                    AddActive(former, task);
                else
                    left.Add(task);
            foreach (var task in left.ToList())
                if (LeastLoadedFormer(task, mustBeNew: false) is { } former && _activeQuota.Allows(former))
                {
                    AddActive(former, task);
                    left.Remove(task);
                }

            foreach (var task in left.Order())
                AddActive(_processes.Values.MinBy(process => process.PerMember)!.LeastLoaded, task);
        }

        public void AssignStandby(List<TaskId> tasks, int replicas)
        {
            var left = new List<(TaskId Task, int Replicas)>();
            foreach (var task in ByPartition(tasks).Reverse())
            {
                var missing = replicas;
                while (missing > 0 && FormerFor(task) is { } former)
                {
                    AddStandby(former, task);
                    missing--;
                }

                if (missing > 0)
                    left.Add((task, missing));
            }

            foreach (var (task, missing) in left.OrderByDescending(item => item.Task))
                for (var i = 0; i < missing; i++)
                    if (_processes.Values.Where(process => !process.Tasks.Contains(task))
                        .MinBy(process => process.PerMember) is { } process)
                        AddStandby(process.LeastLoaded, task);
        }

        public Dictionary<string, StreamsTasks> Targets() => _members.ToDictionary(
            load => load.Member.MemberId,
            load => new StreamsTasks(load.Active.ToImmutable(), load.Standby.ToImmutable(), []));

        /// <summary>Who ran the task, or had its state, and may have it as a standby task.</summary>
        private Load? FormerFor(TaskId task)
        {
            if (_formerActive.TryGetValue(task, out var active) && !active.Process.Tasks.Contains(task)
                && _quota.Allows(active))
                return active;
            return LeastLoadedFormer(task, mustBeNew: true) is { } standby && _quota.Allows(standby) ? standby : null;
        }

        /// <summary>Of those that have state of the task, one whose process and itself have least to do.</summary>
        private Load? LeastLoadedFormer(TaskId task, bool mustBeNew)
        {
            Load? best = null;
            foreach (var load in _formerStandby.GetValueOrDefault(task) ?? [])
                if ((!mustBeNew || !load.Process.Tasks.Contains(task))
                    && (best is null
                        || (load.Process.PerMember < best.Process.PerMember && load.Count < best.Count)))
                    best = load;
            return best;
        }

        /// <summary>Standby tasks come before state that lies idle, and more state before less.</summary>
        private void FindFormerStandby()
        {
            var found = new Dictionary<TaskId, List<(Load Load, bool IsStandby, long Offset)>>();
            foreach (var load in _members)
            {
                var standby = load.Member.Tasks.Standby;
                var offsets = load.Member.Offsets;
                foreach (var task in standby.Union(offsets.Keys))
                {
                    if (!found.TryGetValue(task, out var loads))
                        found.Add(task, loads = []);
                    loads.Add((load, standby.Contains(task), offsets.GetValueOrDefault(task)));
                }
            }

            foreach (var (task, loads) in found)
                _formerStandby.Add(task, [.. loads
                    .OrderByDescending(load => load.IsStandby).ThenByDescending(load => load.Offset)
                    .Select(load => load.Load)]);
        }

        private void AddActive(Load member, TaskId task)
        {
            member.Active.Add(task);
            Note(member, task);
            _activeQuota.Note(member);
            _quota.Note(member);
        }

        private void AddStandby(Load member, TaskId task)
        {
            member.Standby.Add(task);
            Note(member, task);
            _quota.Note(member);
        }

        private static void Note(Load member, TaskId task)
        {
            member.Process.Count++;
            member.Process.Tasks.Add(task);
        }
    }
}
