using Millrace.Core.Model;
using Millrace.Protocol.Records;

namespace Millrace.Core.Log.Verification;

/// <summary>
/// Compares the leader epochs of a partition's batches, which it is shown in order, with each other and with
/// leader-epoch-checkpoint.
/// </summary>
internal sealed class EpochCheck
{
    public const string FileName = "leader-epoch-checkpoint";

    private readonly PartitionFacts _facts;
    private readonly FileFindings _file;
    private readonly List<(int Epoch, long Start)> _entries = [];
    private readonly bool _isReadable;
    private bool _isMissing;
    private int _at = -1;
    private int _epoch = -1;
    private int _told = -1;

    public EpochCheck(IDisk disk, PartitionFacts facts, Findings findings)
    {
        _facts = facts;
        string path = $"{facts.Folder}/{FileName}";
        _file = findings.Of(path);
        _isMissing = !disk.Exists(path);
        if (_isMissing)
            return;
        if (TextFiles.TryRead(disk, path, fields: 2, facts.IsInUse, _file, out List<string[]> lines))
            _isReadable = lines.TrueForAll(TryAdd);
    }

    public void Batch(scoped in RecordBatch batch, long position, bool isActive, FileFindings log)
    {
        int epoch = batch.PartitionLeaderEpoch;
        if (_isMissing && epoch >= 0 && (_facts.WasClosed || _facts.RecoveryPoint > batch.BaseOffset))
        {
            // Before the first checkpoint of the log it need not be there.
            _file.Warning("leader-epoch-checkpoint", "The file is missing.", "It is made again at the next start.");
            _isMissing = false;
        }

        Place place = Place.At(position, batch.BaseOffset, batch.LastOffset);
        if (epoch < 0)
        {
            if (epoch != LeaderEpoch.None.Value)
                log.Error("leader-epoch", $"The leader epoch is {epoch}.", "The batch's header is damaged.", place);
            return;
        }

        if (epoch < _epoch)
        {
            log.Error("leader-epoch", $"The leader epoch falls from {_epoch} to {epoch}.",
                "One of the two batches has a wrong epoch: replicas may cut the log at the wrong offset.", place);
        }

        if (_isReadable && epoch != _told)
            Compare(epoch, batch.BaseOffset, place, isActive, log);
        _epoch = Math.Max(_epoch, epoch);
    }

    public void End(long endOffset, bool isWhole)
    {
        if (isWhole && !_facts.IsInUse && _entries is [.., var last] && last.Start > endOffset)
        {
            _file.Add(_facts.Derived(isActive: true), "leader-epoch-checkpoint",
                $"Epoch {last.Epoch} begins at offset {last.Start}, and the log ends at {endOffset}.",
                "The entry is dropped at the next start.");
        }
    }

    private void Compare(int epoch, long offset, Place place, bool isActive, FileFindings log)
    {
        while (_at + 1 < _entries.Count && _entries[_at + 1].Start <= offset)
            _at++;
        if (_at < 0 || _entries[_at].Epoch == epoch)
            return; // the file may begin where the log's start once was
        _told = epoch;
        if (_entries.Exists(entry => entry.Epoch == epoch))
        {
            log.Error("leader-epoch", $"The batch has leader epoch {epoch}; by {FileName} offset {offset} is of epoch "
                + $"{_entries[_at].Epoch}.", "One of the two is wrong: replicas may cut the log at the wrong offset.",
                place);
        }
        else
        {
            log.Add(_facts.Derived(isActive), "leader-epoch",
                $"{FileName} has no entry for leader epoch {epoch}, which the batch at offset {offset} has; by the "
                + $"file it is of epoch {_entries[_at].Epoch}.",
                $"If the batch is right, delete {FileName}: it is made again from the log.", place);
        }
    }

    private bool TryAdd(string[] line)
    {
        if (!int.TryParse(line[0], out int epoch) || !long.TryParse(line[1], out long start) || epoch < 0 || start < 0)
        {
            _file.Error("leader-epoch-checkpoint", $"'{string.Join(' ', line)}' is no epoch with its start offset.",
                "Delete the file while the broker is stopped: it is made again from the log.");
            return false;
        }

        if (_entries is [.., var last] && (epoch <= last.Epoch || start <= last.Start))
        {
            _file.Error("leader-epoch-checkpoint",
                $"Epoch {epoch} at offset {start} stands behind epoch {last.Epoch} at {last.Start}.",
                "Delete the file while the broker is stopped: it is made again from the log.");
            return false;
        }

        _entries.Add((epoch, start));
        return true;
    }
}
