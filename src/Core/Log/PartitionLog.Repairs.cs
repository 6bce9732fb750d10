using Millrace.Core.Model;

namespace Millrace.Core.Log;

/// <content>Files that can be made again from the log: a disk that damages them may damage the log next.</content>
internal sealed partial class PartitionLog
{
    /// <summary>
    /// The epochs of all batches, durably: the recovery point stays below those that the file does not know. They were
    /// there to be lost if somebody has closed the log, or brought it to a checkpoint.
    /// </summary>
    private void RestoreEpochs(List<string> repaired, LogOpening opening)
    {
        bool shouldBeThere = opening.CleanlyClosed || opening.RecoveryPoint > Offset.Zero;
        if (_epochs.IsEmpty || shouldBeThere)
        {
            _epochs.TruncateTo(Offset.Zero);
            Recovery.RebuildEpochs(_segments, _epochs);
        }

        if (_epochs.IsEmpty || (!opening.CleanlyClosed && _epochs.FirstUnflushed >= opening.RecoveryPoint.Value))
            return;
        repaired.Add(_epochs.Path);
        Guarded(_epochs.Flush);
    }

    /// <summary>A file is found damaged while the log is in use. Any thread.</summary>
    private void OnRepair(string path)
    {
        // A reader may hold a segment whose files have just gone.
        if (_offline || !_disk.Exists(path))
            return;
        lock (_reported)
        {
            if (!_reported.Add((path, 0)))
                return;
        }

        ReportRepaired([path]);
    }

    private void ReportRepaired(IReadOnlyList<string> paths) => _report(
        $"{Partition}: made again from the log, for it was damaged or missing: {string.Join(", ", paths)}. "
        + "No record is lost, but sound files do not change by themselves: look after the disk.");
}
