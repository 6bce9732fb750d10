using Millrace.Core.Configs;
using Millrace.Core.Controller;
using Millrace.Core.Log;

namespace Millrace.Broker.Cluster;

/// <summary>What a topic's settings mean to its logs.</summary>
internal static class TopicLogSettings
{
    public static LogSettings Of(TopicImage topic, BrokerSettings settings)
    {
        string Text(string name) => EffectiveConfigs.Text(name, settings, topic.Configs);
        return new LogSettings
        {
            SegmentBytes = int.Parse(Text("segment.bytes")),
            SegmentMs = long.Parse(Text("segment.ms")),
            IndexBytes = int.Parse(Text("segment.index.bytes")),
            IndexIntervalBytes = int.Parse(Text("index.interval.bytes")),
            MaxMessageBytes = int.Parse(Text("max.message.bytes")),
        };
    }
}
