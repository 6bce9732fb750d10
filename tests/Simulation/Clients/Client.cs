using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Simulation.Clients;

/// <summary>Somebody who works against the broker over all its lives, one connection at a time.</summary>
internal abstract class Client(World world, string name)
{
    private ClientConnection? _connection;

    public string Name { get; } = name;

    protected World World { get; } = world;

    protected Random Random { get; } = new(world.Chance.Next());

    /// <summary>Works until the world ends; what goes wrong in it ends the world.</summary>
    public async Task Run()
    {
        try
        {
            while (!World.IsEnding)
                await Work();
        }
        catch (Exception failure)
        {
            World.Fail($"{Name} failed: {failure}");
        }
    }

    /// <summary>One piece of work.</summary>
    protected abstract Task Work();

    protected Task Pause(int least, int most) => World.Time.Delay(Random.Next(least, most));

    protected void Say(string text) => World.Trace.Line($"{Name}: {text}");

    /// <summary>The answer; null if it never came, after a while.</summary>
    protected async Task<TResponse?> Call<TResponse>(ApiKey key, short version, IMessage request)
        where TResponse : class, IMessage, new()
    {
        var answer = Connect() is { } connection
            ? (TResponse?)await connection.Send(key, version, request, () => new TResponse())
            : null;
        if (answer is null)
            await Pause(20, 400);
        return answer;
    }

    protected void SendOnly(ApiKey key, short version, IMessage request) =>
        _ = Connect()?.Send(key, version, request, null);

    private ClientConnection? Connect()
    {
        if (_connection is null || _connection.IsClosed)
            _connection = World.Connect();
        return _connection;
    }
}
