using System.CommandLine;

namespace Millrace.Commands;

/// <summary><c>millrace log dump DIR</c>.</summary>
internal static class LogDumpCommand
{
    private const int CantRead = 2;

    public static Command Create(Func<Stream> stdout)
    {
        var path = new Argument<string>("DIR")
        {
            Description = "A data directory, the folder of a partition, or one file of it.",
        };
        var records = new Option<bool>("--records", "-r") { Description = "Show the records too." };
        var from = new Option<long>("--from") { Description = "The first offset to show.", HelpName = "OFFSET" };
        var to = new Option<long?>("--to") { Description = "The last offset to show.", HelpName = "OFFSET" };
        var bytes = new Option<string>("--bytes")
        {
            Description = "How keys and values are shown: auto is text where they are text, else base64.",
            HelpName = "auto|text|base64|hex",
            DefaultValueFactory = _ => "auto",
        };
        bytes.Validators.Add(result =>
        {
            var given = result.GetValueOrDefault<string>();
            if (given is not ("auto" or "text" or "base64" or "hex"))
                result.AddError($"--bytes {given}: give auto, text, base64 or hex.");
        });
        var json = new Option<bool>("--json") { Description = "One JSON document: files with their entries." };
        var command = new Command("dump",
            "Print what stands in log files, indexes, snapshots and checkpoints. Damage is named and passed over. Exit "
            + "code 0: all was read; 2: DIR can't be read.")
        {
            path, records, from, to, bytes, json,
        };
        command.SetAction(result => Run(
            result.GetValue(path)!,
            new LogDumpOptions(
                result.GetValue(records), result.GetValue(from), result.GetValue(to) ?? long.MaxValue,
                Enum.Parse<LogBytesFormat>(result.GetValue(bytes)!, ignoreCase: true)),
            result.GetValue(json),
            stdout));
        return command;
    }

    private static int Run(string path, LogDumpOptions options, bool asJson, Func<Stream> stdout)
    {
        try
        {
            if (LogLocation.Find(path, out var problem) is not { } location)
            {
                Console.Error.WriteLine(problem);
                return CantRead;
            }

            using Stream buffered = new BufferedStream(stdout(), 64 * 1024);
            using LogDumpOutput output = asJson
                ? new LogDumpJson(buffered)
                : new LogDumpText(new StreamWriter(buffered));
            new LogDump(location, options, output).Run();
            return ExitCode.Success;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"{path} can't be read: {e.Message}");
            return CantRead;
        }
    }
}
