namespace Millrace.Protocol.Messages;

/// <summary>The versions of an API that have a specification here, all inclusive.</summary>
public readonly record struct ApiVersions(ApiKey Key, short Lowest, short Highest, short FirstFlexible)
{
    public bool Contains(short version) => Lowest <= version && version <= Highest;

    public bool IsFlexible(short version) => version >= FirstFlexible;
}

/// <summary>Versions of each API.</summary>
public static partial class Apis
{
    /// <summary>Null for a key that has no specification.</summary>
    public static ApiVersions? Find(short key) =>
        (uint)key < (uint)Index.ByKey.Length ? Index.ByKey[key] : null;

    /// <summary>A class of its own: initialisers in the files of a partial class have no order.</summary>
    private static class Index
    {
        public static readonly ApiVersions?[] ByKey = Build();

        private static ApiVersions?[] Build()
        {
            var index = new ApiVersions?[All.Max(api => (short)api.Key) + 1];
            foreach (var api in All)
                index[(short)api.Key] = api;
            return index;
        }
    }
}
