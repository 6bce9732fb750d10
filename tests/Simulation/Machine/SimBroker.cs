using Millrace.Broker;
using Millrace.Broker.Partitions;
using Millrace.Broker.Requests;
using Millrace.Core.Controller;
using Millrace.Core.Log;
using Millrace.Core.Model;
using Millrace.Protocol.Wire;
using Millrace.Shared.Simulated;

namespace Millrace.Simulation.Machine;

/// <summary>
/// One life of the broker: the real parts, composed as the node composes them, on simulated loops, time and disk.
/// </summary>
/// <remarks>
/// <para>Owned by the world. 1. Once it is dead nothing of it runs any more. 2. Its disk is its own: the next life gets
/// what this one has left.</para>
/// </remarks>
internal sealed class SimBroker
{
    private const string CleanShutdown = ".kafka_cleanshutdown";

    private readonly World _world;
    private readonly IDisk _disk;
    private readonly SimFlushQueue _flushQueue;
    private readonly VirtualLoop _background;
    private readonly VirtualLoop _maintenance;
    private readonly VirtualLoop _cleaner;
    private readonly VirtualLoop[] _loops;
    private readonly TopicPartitions _none = new();
    private BrokerParts? _parts;

    public SimBroker(World world, IDisk disk)
    {
        _world = world;
        _disk = new FailStopDisk(disk, "data");
        _flushQueue = new SimFlushQueue(world, this);
        _background = new VirtualLoop(world, this, Lane.Background);
        _maintenance = new VirtualLoop(world, this, Lane.Maintenance);
        _cleaner = new VirtualLoop(world, this, Lane.Cleaner);
        _loops = [new VirtualLoop(world, this, Lane.Connections), new VirtualLoop(world, this, Lane.Connections)];
    }

    public bool IsDead { get; private set; }

    /// <summary>The loops run, and the threads that flush: not before the end of the start, nor in a stop.</summary>
    public bool IsRunning { get; private set; } = true;

    public bool WasCleanlyShutDown { get; private set; }

    /// <summary>None before the metadata log is open.</summary>
    public TopicPartitions Topics => _parts?.Topics ?? _none;

    public ClusterImage Image => _parts!.Controller.Image;

    public RequestDispatcher? Dispatcher { get; private set; }

    /// <summary>What the broker told its operator.</summary>
    public List<string> Told { get; } = [];

    /// <exception cref="IOException">A log can't be read or written.</exception>
    /// <exception cref="ProcessDiedException">The machine failed in the middle of it.</exception>
    public void Start()
    {
        var settings = _world.Scenario.Settings;
        WasCleanlyShutDown = _disk.Exists(CleanShutdown);
        _disk.Delete(CleanShutdown);
        _disk.FlushDirectory("");
        var machine = new BrokerMachine
        {
            Disk = _disk,
            FlushQueue = _flushQueue,
            Background = _background,
            Maintenance = _maintenance,
            Cleaner = _cleaner,
            Randomness = _world.Ids,
            MemberIds = _world.Ids,
            LogDirectory = new SimLogDirectory(),
            Log = Log,
        };
        _parts = new BrokerParts(machine, settings, WasCleanlyShutDown);
        _parts.Transactions.WriteMarkers = PlantedBugs.Into(_world.Bug, _parts.Markers, _background);
        _parts.Recover(new NodeState(new Uuid(2, 2), _world.Ids.NewUuid())
        {
            WasCleanlyShutDown = WasCleanlyShutDown,
            Host = "127.0.0.1",
            Port = 9092,
        });
        _parts.StartTasks();
        var identity = new NodeIdentity(new Uuid(1, 1).ToString(), settings.NodeId, null, 0);
        Dispatcher = new RequestDispatcher(PlantedBugs.Into(_world.Bug, _parts.Apis(identity).Handlers()));
    }

    public VirtualLoop LoopFor(int connection) => _loops[connection % _loops.Length];

    /// <summary>Stops in order, as the node does.</summary>
    public void Stop()
    {
        IsRunning = false;
        _parts!.StopCleaner();
        _flushQueue.Drain();
        if (_parts.Close())
            DiskFiles.WriteAtomically(_disk, CleanShutdown, """{"version":0,"brokerEpoch":-1}""");
        Die();
    }

    /// <summary>The process is gone.</summary>
    public void Die() => (IsDead, IsRunning) = (true, false);

    public void Log(string line)
    {
        Told.Add(line);
        _world.Trace.Line($"broker says: {line}");
    }

    /// <summary>
    /// Runs a piece of the broker's work; what it throws tells of a bug, but for a process that has died.
    /// </summary>
    public void Guard(Action work)
    {
        try
        {
            work();
        }
        catch (ProcessDiedException)
        {
            throw;
        }
        catch (InvariantBrokenException broken) when (_world.Faults.MayStopTheProcess)
        {
            Log(broken.Message);
            throw new ProcessDiedException();
        }
        catch (IOException failure) when (_world.Faults.HasFailed)
        {
            Log($"A piece of work failed: {failure.Message}");
        }
        catch (Exception failure)
        {
            _world.Fail($"the broker failed: {failure}");
        }
    }
}

/// <summary>The broker's process has ended in the middle of something: nothing of it may go on.</summary>
internal sealed class ProcessDiedException() : Exception("The process has died.");
