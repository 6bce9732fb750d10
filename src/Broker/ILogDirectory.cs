namespace Millrace.Broker;

/// <summary>Where the logs are, as it is told to clients.</summary>
internal interface ILogDirectory
{
    /// <summary>Absolute.</summary>
    string Path { get; }

    /// <summary>Bytes of the volume, and of what may still be written to it; -1 where that is not known.</summary>
    (long Total, long Usable) Space();
}
