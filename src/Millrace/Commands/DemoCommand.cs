using System.CommandLine;

namespace Millrace.Commands;

internal static class DemoCommand
{
    public static Command Create() => new("demo", "Watch database changes flow into Kafka consumers and survive crashes.");
}
