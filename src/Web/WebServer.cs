using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Millrace.Broker.Telemetry;

namespace Millrace.Web;

/// <summary>What the HTTP port tells of a connector, in the shape of Kafka Connect's REST API.</summary>
/// <param name="Name">The connector's name.</param>
/// <param name="State">RUNNING, FAILED, ...</param>
/// <param name="Trace">Why it failed; null otherwise.</param>
public sealed record ConnectorState(string Name, string State, string? Trace);

/// <summary>
/// The HTTP port: health for those who watch the process, what it uses, the state of its connectors, and the metrics of
/// its clients.
/// </summary>
public sealed class WebServer : IAsyncDisposable
{
    /// <summary>Averages of nothing are NaN, which JSON has no number for.</summary>
    private static readonly JsonSerializerOptions SnakeCase = new(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    private readonly WebApplication _application;

    private WebServer(WebApplication application, IPEndPoint address)
    {
        _application = application;
        Address = address;
    }

    /// <summary>Where it listens, with the port that was given for 0.</summary>
    public IPEndPoint Address { get; }

    /// <exception cref="IOException">The address can't be had.</exception>
    public static async Task<WebServer> StartAsync(
        IPEndPoint address, Func<IReadOnlyList<ConnectorState>> connectors, Func<IReadOnlyList<ClientState>> clients)
    {
        // Not the usual builder: it reads settings meant for other programs, and watches every folder below the working
        // directory for them, which may be that of ten thousand partitions.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(options => options.Listen(address));
        builder.Services.AddRoutingCore();
        builder.Services.Configure<Microsoft.Extensions.Hosting.HostOptions>(
            options => options.ShutdownTimeout = TimeSpan.FromSeconds(2));
        var application = builder.Build();
        application.MapGet("/healthz", () => "ok");
        application.MapGet("/readyz", () => "ready");
        application.MapGet("/connectors", () => connectors().Select(connector => connector.Name));
        application.MapGet("/connectors/{name}/status", (string name) =>
            connectors().FirstOrDefault(connector => connector.Name == name) is { } found
                ? Results.Json(Status(found))
                : Results.Json(
                    new { error_code = 404, message = $"No status found for connector {name}" }, statusCode: 404));
        application.MapGet("/metrics", () => Results.Text(RuntimeMetrics.Text(), RuntimeMetrics.ContentType));
        application.MapGet("/clients", () => Results.Json(clients(), SnakeCase));
        await application.StartAsync();
        return new WebServer(application, IPEndPoint.Parse(new Uri(application.Urls.First()).Authority));
    }

    public async ValueTask DisposeAsync()
    {
        await _application.StopAsync();
        await _application.DisposeAsync();
    }

    private static object Status(ConnectorState connector)
    {
        const string Worker = "millrace";
        return new
        {
            name = connector.Name,
            connector = new { state = connector.State, worker_id = Worker },
            tasks = new[] { new { id = 0, state = connector.State, worker_id = Worker, trace = connector.Trace } },
            type = "source",
        };
    }
}
