namespace Millrace.Demo;

/// <summary>What the command line asks of the demo.</summary>
/// <param name="Duration">How long the application takes orders.</param>
/// <param name="Rate">Transactions a second.</param>
/// <param name="Keep">Leave the directory with databases, logs and copies.</param>
/// <param name="PostgresPrograms">Directory of the PostgreSQL server's programs; null to find or install them.</param>
internal sealed record DemoOptions(TimeSpan Duration, int Rate, bool Keep, string? PostgresPrograms);
