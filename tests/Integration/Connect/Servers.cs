using Millrace.Integration.Connect;
using Millrace.Shared;

[assembly: AssemblyFixture(typeof(Servers))]

namespace Millrace.Integration.Connect;

/// <summary>One PostgreSQL and one broker for all tests of connectors; none where PostgreSQL is absent.</summary>
public sealed class Servers : IAsyncLifetime
{
    private PrivatePostgres? _postgres;
    private MillraceServer? _broker;

    public PrivatePostgres Postgres => _postgres ?? throw new InvalidOperationException("not started");

    public string Bootstrap => _broker?.Bootstrap ?? throw new InvalidOperationException("not started");

    /// <summary>Skips the test where the server it needs is not installed.</summary>
    public void Require() => PrivatePostgres.Require();

    public async ValueTask InitializeAsync()
    {
        if (PrivatePostgres.Binaries() is null)
            return;
        var broker = MillraceServer.Start();
        _postgres = await PrivatePostgres.StartAsync();
        _broker = await broker;
    }

    public async ValueTask DisposeAsync()
    {
        if (_postgres is not null)
            await _postgres.DisposeAsync();
        if (_broker is null)
            return;
        var code = await _broker.Terminate();
        var errors = _broker.Errors;
        await _broker.DisposeAsync();
        Assert.True(code == 0, $"the broker ended with {code}: {errors}");
    }
}
