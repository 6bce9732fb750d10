using System.CommandLine;
using Millrace.Core.Log.Verification;

namespace Millrace.Commands;

/// <summary><c>millrace log verify DIR</c>.</summary>
internal static class LogVerifyCommand
{
    /// <summary>Something of severity error was found.</summary>
    private const int FoundErrors = 1;

    private const int CantRead = 2;

    public static Command Create(Func<Stream> stdout)
    {
        var path = new Argument<string>("DIR")
        {
            Description = "A data directory, the folder of a partition, or one file of it.",
        };
        var json = new Option<bool>("--json") { Description = "One JSON document: findings, then a summary." };
        var command = new Command("verify",
            "Check every file of a data directory against the others and name what is wrong. Nothing is changed, and a "
            + "directory in use may be read. Exit code 0: no errors; 1: errors were found; 2: DIR can't be read, "
            + "or is none of a log.")
        {
            path, json,
        };
        command.SetAction(result => Run(result.GetValue(path)!, result.GetValue(json), stdout));
        return command;
    }

    private static int Run(string path, bool asJson, Func<Stream> stdout)
    {
        try
        {
            if (LogLocation.Find(path, out var problem) is not { } location)
            {
                Console.Error.WriteLine(problem);
                return CantRead;
            }

            using IVerificationReport report = asJson ? new LogVerifyJson(stdout())
                : new LogVerifyText(path);
            return Verify(location, report);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"{path} can't be read: {e.Message}");
            return CantRead;
        }
    }

    private static int Verify(LogLocation location, IVerificationReport report)
    {
        var file = location.FilePath;
        long errors = 0;
        var verifier = new DirectoryVerifier(location.Disk, location.IsInUse, finding =>
        {
            if (file is not null && finding.File != file)
                return;
            errors += finding.Severity == Severity.Error ? 1 : 0;
            report.Finding(finding);
        }, report.Progress);
        if (location.Folder is null)
            verifier.RunAll();
        else
            verifier.RunPartition(location.Folder, OnlySegment(location.File));
        report.Summary(verifier.Summary, verifier.Findings);
        return errors > 0 ? FoundErrors : ExitCode.Success;
    }

    /// <summary>For a file of one segment the others need not be read.</summary>
    private static long OnlySegment(string? file) =>
        file is not null && LogFileName.Parse(file) is
        {
            Kind: LogFileKind.Log or LogFileKind.OffsetIndex or LogFileKind.TimeIndex or LogFileKind.TransactionIndex,
        } name
            ? name.Offset
            : -1;
}

/// <summary>Takes what a verification finds, as it comes.</summary>
internal interface IVerificationReport : IDisposable
{
    void Finding(Finding finding);

    void Progress(VerificationSummary summary);

    void Summary(VerificationSummary summary, Findings findings);
}
