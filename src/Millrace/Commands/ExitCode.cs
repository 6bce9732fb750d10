namespace Millrace.Commands;

/// <summary>What the program's exit codes mean.</summary>
internal static class ExitCode
{
    public const int Success = 0;

    /// <summary>The work could not be done: a broker or database that is not there, a refused request.</summary>
    public const int Failure = 1;

    /// <summary>The command line or the configuration can't be used as it is.</summary>
    public const int Usage = 2;
}
