using Millrace.Protocol.Wire;

namespace Millrace.Core.Log.Verification;

/// <summary>meta.properties: which node and cluster a data directory is of.</summary>
internal static class MetaPropertiesCheck
{
    private const string Name = "meta.properties";
    private const string Advice = "Restore it from a copy; without it the directory is not of any node.";

    public static void Check(IDisk disk, bool isInUse, FileFindings findings)
    {
        if (!disk.Exists(findings.File))
        {
            findings.Warning(Name, "The file is missing.", "A start makes a new one, of a new cluster.");
            return;
        }

        if (!TextFiles.TryReadText(disk, findings.File, isInUse, findings, out string text))
            return;
        var properties = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string line in text.Split('\n').Select(line => line.Trim()))
        {
            int equals = line.IndexOf('=');
            if (line.Length > 0 && !line.StartsWith('#') && equals > 0)
                properties[line[..equals].Trim()] = line[(equals + 1)..].Trim();
        }

        if (Problem(properties) is { } problem)
            findings.Error(Name, problem, Advice);
    }

    private static string? Problem(Dictionary<string, string> properties)
    {
        string? version = properties.GetValueOrDefault("version");
        if (version is not ("0" or "1"))
            return version is null ? "It has no version." : $"The version {version} is unknown.";
        string key = version == "0" ? "broker.id" : "node.id"; // 0 is of the time of ZooKeeper
        if (!int.TryParse(properties.GetValueOrDefault(key), out int node) || node < 0)
            return $"It has no valid {key}.";
        if (version == "1" && string.IsNullOrEmpty(properties.GetValueOrDefault("cluster.id")))
            return "It has no cluster.id.";
        return properties.TryGetValue("directory.id", out string? directory) && !Uuid.TryParse(directory, out _)
            ? $"'{directory}' is no directory.id."
            : null;
    }
}
