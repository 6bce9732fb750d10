using Millrace.Core.Log.Verification;
using static Millrace.Unit.Core.Log.Verification.SealedDirectory;

namespace Millrace.Unit.Core.Log.Verification;

/// <summary>Random damage, from fixed seeds: every byte of a log file is covered by some check.</summary>
public sealed class MutationTests
{
    [Fact]
    public void Every_flipped_bit_of_a_log_file_is_found()
    {
        var random = new Random(1);
        for (int i = 0; i < 300; i++)
        {
            var directory = new SealedDirectory();
            string path = Path(Bases[random.Next(Bases.Length)], ".log");
            int at = random.Next(directory.Disk.Content(path).Length);
            int bit = random.Next(8);
            directory.Flip(path, at, bit);
            Assert.True(directory.Verify().Exists(finding => finding.Severity == Severity.Error),
                $"bit {bit} of byte {at} of {path}");
        }
    }

    [Fact]
    public void Every_byte_of_a_header_is_covered()
    {
        var sound = new SealedDirectory();
        for (int at = 0; at < sound.Content(8).Length; at++)
        {
            var directory = new SealedDirectory();
            directory.Flip(Path(12, ".log"), directory.PositionOf(8) + at, bit: at % 8);
            Assert.True(directory.Verify().Exists(finding => finding.Severity == Severity.Error), $"byte {at}");
        }
    }

    [Fact]
    public void Every_cut_of_a_log_file_is_found()
    {
        var random = new Random(2);
        for (int i = 0; i < 300; i++)
        {
            var directory = new SealedDirectory();
            string path = Path(Bases[random.Next(Bases.Length)], ".log");
            int length = random.Next(directory.Disk.Content(path).Length);
            directory.Edit(path, content => content[..length]);
            Assert.True(directory.Verify().Exists(finding => finding.Severity == Severity.Error),
                $"{path} cut to {length}");
        }
    }

    [Fact]
    public void No_damage_of_any_file_brings_the_verification_down()
    {
        var random = new Random(3);
        for (int i = 0; i < 300; i++)
        {
            var directory = new SealedDirectory();
            string[] files = [.. directory.Disk.List(Folder).Select(name => $"{Folder}/{name}"),
                .. directory.Disk.List("").Where(name => name.Contains('.') || name.Contains("offset")),
                $"{TopicFacts.MetadataFolder}/{0:D20}.log"];
            for (int damages = random.Next(1, 4); damages > 0; damages--)
                Damage(directory, files[random.Next(files.Length)], random);
            directory.Verify();
            directory.Verify(isInUse: true);
        }
    }

    private static void Damage(SealedDirectory directory, string path, Random random) =>
        directory.Edit(path, content =>
        {
            int at = random.Next(content.Length + 1);
            switch (random.Next(4))
            {
                case 0 when at < content.Length:
                    content[at] ^= (byte)(1 << random.Next(8));
                    return content;
                case 1:
                    return content[..at];
                case 2:
                    random.NextBytes(content.AsSpan(at));
                    return content;
                default:
                    byte[] more = new byte[random.Next(200)];
                    random.NextBytes(more);
                    return [.. content[..at], .. more, .. content[at..]];
            }
        });
}
