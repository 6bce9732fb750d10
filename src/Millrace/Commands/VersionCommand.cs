using System.CommandLine;
using System.Reflection;

namespace Millrace.Commands;

/// <summary><c>millrace version</c>.</summary>
internal static class VersionCommand
{
    public static string Version { get; } = typeof(VersionCommand).Assembly
        .GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;

    public static Command Create()
    {
        var command = new Command("version", "Print the version.");
        command.SetAction(_ => Console.WriteLine($"millrace {Version}"));
        return command;
    }
}
