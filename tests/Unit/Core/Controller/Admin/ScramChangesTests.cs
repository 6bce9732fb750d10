using System.Security.Cryptography;
using System.Text;
using Millrace.Core.Controller;
using Millrace.Core.Controller.Admin;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Unit.Core.Controller.Admin;

/// <summary>Which SCRAM credentials are stored, and as what.</summary>
public sealed class ScramChangesTests
{
    private ScramImage _image = ScramImage.Empty;

    [Theory]
    [InlineData("u", 1, 4095, ErrorCode.UnacceptableCredential)]
    [InlineData("u", 1, 4096, ErrorCode.None)]
    [InlineData("u", 2, 16384, ErrorCode.None)]
    [InlineData("u", 2, 16385, ErrorCode.UnacceptableCredential)]
    [InlineData("u", 3, 4096, ErrorCode.UnsupportedSaslMechanism)]
    [InlineData("u", 0, 4096, ErrorCode.UnsupportedSaslMechanism)]
    [InlineData("", 1, 4096, ErrorCode.UnacceptableCredential)]
    public void ACredentialMustBeStrongEnough(string user, sbyte mechanism, int iterations, ErrorCode expected)
    {
        var result = Alter([], [Upsertion(user, mechanism, iterations)]).Results.Single();

        Assert.Equal(expected, result.ErrorCode);
        Assert.Equal(expected == ErrorCode.None ? 1 : 0, _image.Credentials.Count);
    }

    /// <summary>The example of RFC 7677: user "user", password "pencil".</summary>
    [Fact]
    public void WhatIsStoredIsWhatAServerChecksAProofBy()
    {
        var salt = Convert.FromBase64String("W22ZaJ0SNY7soEsUEjb6gQ==");
        var salted = Rfc2898DeriveBytes.Pbkdf2("pencil", salt, 4096, HashAlgorithmName.SHA256, 32);
        Alter([], [new() { Name = "user", Mechanism = 1, Iterations = 4096, Salt = salt, SaltedPassword = salted }]);
        var stored = _image.Credentials.Values.Single();
        const string AuthMessage = "n=user,r=rOprNGfwEbeRWgbNEkqO,"
            + "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,"
            + "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
        var proof = Convert.FromBase64String("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");

        var signature = HMACSHA256.HashData(stored.StoredKey.Span, Encoding.UTF8.GetBytes(AuthMessage));
        var clientKey = proof.Zip(signature, (left, right) => (byte)(left ^ right)).ToArray();
        var server = HMACSHA256.HashData(stored.ServerKey.Span, Encoding.UTF8.GetBytes(AuthMessage));

        Assert.Equal(stored.StoredKey.ToArray(), SHA256.HashData(clientKey));
        Assert.Equal("6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", Convert.ToBase64String(server));
    }

    [Fact]
    public void AUsersChangesAreGrantedAllOrNone()
    {
        Alter([], [Upsertion("u", 1, 4096)]);

        var results = Alter([Deletion("u", 1)], [Upsertion("u", 2, 1), Upsertion("v", 1, 4096)]).Results;

        Assert.Equal(
            [("u", ErrorCode.UnacceptableCredential), ("v", ErrorCode.None)],
            results.Select(result => (result.User, result.ErrorCode)));
        Assert.Equal(
            [("u", 1), ("v", 1)], _image.Credentials.Keys.Select(key => (key.User, (int)key.Mechanism)).Order());
    }

    [Fact]
    public void AMechanismIsNamedOnce() => Assert.Equal(
        ErrorCode.DuplicateResource, Alter([Deletion("u", 1)], [Upsertion("u", 1, 4096)]).Results.Single().ErrorCode);

    [Fact]
    public void WhatIsNotThereCantGo() => Assert.Equal(
        ErrorCode.ResourceNotFound, Alter([Deletion("u", 1)], []).Results.Single().ErrorCode);

    [Fact]
    public void UsersAreDescribed()
    {
        Alter([], [Upsertion("u", 2, 5000), Upsertion("u", 1, 4096)]);

        var all = ScramChanges.Describe(new() { Users = null }, _image).Results.Single();
        var none = ScramChanges.Describe(new() { Users = [new() { Name = "x" }] }, _image).Results.Single();
        var twice = ScramChanges.Describe(
            new() { Users = [new() { Name = "u" }, new() { Name = "u" }] }, _image).Results.Single();

        Assert.Equal(
            [(1, 4096), (2, 5000)], all.CredentialInfos.Select(info => ((int)info.Mechanism, info.Iterations)));
        Assert.Equal(ErrorCode.ResourceNotFound, none.ErrorCode);
        Assert.Equal(ErrorCode.DuplicateResource, twice.ErrorCode);
    }

    private AlterUserScramCredentialsResponse Alter(
        List<AlterUserScramCredentialsRequest.ScramCredentialDeletion> deletions,
        List<AlterUserScramCredentialsRequest.ScramCredentialUpsertion> upsertions)
    {
        var records = new List<IMessage>();
        var response = ScramChanges.Alter(
            new() { Deletions = deletions, Upsertions = upsertions }, _image, records);
        foreach (var record in records)
            _image = _image.Replay(record);
        return response;
    }

    private static AlterUserScramCredentialsRequest.ScramCredentialDeletion Deletion(string user, sbyte mechanism) =>
        new() { Name = user, Mechanism = mechanism };

    private static AlterUserScramCredentialsRequest.ScramCredentialUpsertion Upsertion(
        string user, sbyte mechanism, int iterations) =>
        new()
        {
            Name = user,
            Mechanism = mechanism,
            Iterations = iterations,
            Salt = new byte[8],
            SaltedPassword = new byte[32],
        };
}
