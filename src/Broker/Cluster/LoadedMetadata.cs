using Millrace.Core.Controller;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Records;
using Millrace.Protocol.Records.Compression;
using Millrace.Protocol.Wire;

namespace Millrace.Broker.Cluster;

/// <summary>
/// What was read of the metadata, batch by batch: the records for the controller, and what the control records say of
/// the quorum. A batch that is not sound is refused as a whole.
/// </summary>
internal sealed class LoadedMetadata
{
    private const int MostDecompressedBytes = 1 << 28;

    public List<IMessage> Records { get; } = [];

    /// <summary>0: the voters are configured. 1: they stand in the log (KIP-853).</summary>
    public short KRaftVersion { get; private set; }

    public VotersRecord? Voters { get; private set; }

    public long LastTimestamp { get; set; }

    /// <summary>The end of a snapshot was seen.</summary>
    public bool IsWhole { get; private set; }

    /// <summary>False, with nothing taken over, where the batch's checksum or records are wrong.</summary>
    /// <exception cref="UnknownRecordException">A newer program wrote it.</exception>
    public bool TryAdd(RecordBatch batch)
    {
        if (!batch.IsCrcValid || Codec.TryDecompress(
            batch.Compression, batch.RecordBytes, MostDecompressedBytes, out var content) != DecompressResult.Ok)
            return false;
        using (content)
        {
            var records = batch.Records(content!.Span);
            while (records.MoveNext())
            {
                if (!records.Current.HasValue)
                    return false;
                var value = records.Current.Value.ToArray();
                if (batch.IsControl)
                    AddControl(ControlRecord.TypeOf(records.Current.Key), value);
                else
                    Records.Add(MetadataRecord.Read(value));
            }

            LastTimestamp = Math.Max(LastTimestamp, batch.MaxTimestamp);
            return records.Error is null;
        }
    }

    private void AddControl(ControlRecordType type, byte[] value)
    {
        switch (type)
        {
            case ControlRecordType.SnapshotFooter:
                IsWhole = true;
                break;
            case ControlRecordType.KRaftVersion:
                KRaftVersion = ControlRecord.Read<KRaftVersionRecord>(value).KRaftVersion;
                break;
            case ControlRecordType.KRaftVoters:
                Voters = ControlRecord.Read<VotersRecord>(value);
                break;
            case ControlRecordType.LeaderChange or ControlRecordType.SnapshotHeader:
                break;
            default:
                throw new UnknownRecordException((uint)type, 0);
        }
    }
}
