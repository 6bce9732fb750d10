using System.Collections.Immutable;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Core.Controller;

/// <summary>The access control entries, by their ids.</summary>
internal sealed record AclsImage(ImmutableDictionary<Uuid, AccessControlEntryRecord> Entries)
{
    public static readonly AclsImage Empty = new(ImmutableDictionary<Uuid, AccessControlEntryRecord>.Empty);

    public AclsImage Replay(IMessage record) => record switch
    {
        AccessControlEntryRecord entry => new(Entries.SetItem(entry.Id, entry)),
        RemoveAccessControlEntryRecord removed => new(Entries.Remove(removed.Id)),
        _ => this,
    };

    public IEnumerable<IMessage> Records() => Entries.Values;
}

/// <summary>The SCRAM credentials, by user and mechanism (1: SCRAM-SHA-256, 2: SCRAM-SHA-512).</summary>
internal sealed record ScramImage(
    ImmutableDictionary<(string User, sbyte Mechanism), UserScramCredentialRecord> Credentials)
{
    public static readonly ScramImage Empty =
        new(ImmutableDictionary<(string, sbyte), UserScramCredentialRecord>.Empty);

    public ScramImage Replay(IMessage record) => record switch
    {
        UserScramCredentialRecord credential =>
            new(Credentials.SetItem((credential.Name, credential.Mechanism), credential)),
        RemoveUserScramCredentialRecord removed => new(Credentials.Remove((removed.Name, removed.Mechanism))),
        _ => this,
    };

    public IEnumerable<IMessage> Records() => Credentials.Values;
}

/// <summary>The delegation tokens, by their ids.</summary>
internal sealed record DelegationTokensImage(ImmutableSortedDictionary<string, DelegationTokenRecord> Tokens)
{
    public static readonly DelegationTokensImage Empty =
        new(ImmutableSortedDictionary.Create<string, DelegationTokenRecord>(StringComparer.Ordinal));

    public DelegationTokensImage Replay(IMessage record) => record switch
    {
        DelegationTokenRecord token => new(Tokens.SetItem(token.TokenId, token)),
        RemoveDelegationTokenRecord removed => new(Tokens.Remove(removed.TokenId)),
        _ => this,
    };

    public IEnumerable<IMessage> Records() => Tokens.Values;
}
