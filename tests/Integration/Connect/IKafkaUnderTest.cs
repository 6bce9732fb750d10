namespace Millrace.Integration.Connect;

/// <summary>A Kafka that tests write to, whichever it is.</summary>
public interface IKafkaUnderTest : IAsyncDisposable
{
    /// <summary>Its bootstrap.servers.</summary>
    string Bootstrap { get; }
}
