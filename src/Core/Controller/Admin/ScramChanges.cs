using System.Security.Cryptography;
using System.Text;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Core.Controller.Admin;

/// <summary>
/// What requests about SCRAM credentials come to (KIP-554). What is stored is what RFC 5802 lets a server keep: no
/// password, and nothing that logs in.
/// </summary>
internal static class ScramChanges
{
    private const sbyte Sha256 = 1;
    private const sbyte Sha512 = 2;
    private const int LeastIterations = 4096;
    private const int MostIterations = 16384;

    public static AlterUserScramCredentialsResponse Alter(
        AlterUserScramCredentialsRequest request, ScramImage image, List<IMessage> records)
    {
        var response = new AlterUserScramCredentialsResponse();
        var changes = request.Deletions.Select(deletion => (deletion.Name, deletion.Mechanism))
            .Concat(request.Upsertions.Select(upsertion => (upsertion.Name, upsertion.Mechanism)));
        var deletionsOf = request.Deletions.ToLookup(deletion => deletion.Name);
        var upsertionsOf = request.Upsertions.ToLookup(upsertion => upsertion.Name);
        foreach (var user in changes.GroupBy(change => change.Name, change => change.Mechanism))
        {
            var deletions = deletionsOf[user.Key];
            var upsertions = upsertionsOf[user.Key];
            var problem = user.Distinct().Count() < user.Count()
                ? new Verdict(ErrorCode.DuplicateResource, "A mechanism is named more than once for the user.")
                : deletions.Select(deletion => WhatIsWrong(deletion, image))
                    .Concat(upsertions.Select(WhatIsWrong))
                    .FirstOrDefault(problem => problem is not null);
            response.Results.Add(new()
            {
                User = user.Key,
                ErrorCode = problem?.ErrorCode ?? ErrorCode.None,
                ErrorMessage = problem?.Message,
            });
            if (problem is not null)
                continue;
            records.AddRange(deletions.Select(deletion => new RemoveUserScramCredentialRecord
            {
                Name = deletion.Name,
                Mechanism = deletion.Mechanism,
            }));
            records.AddRange(upsertions.Select(Record));
        }

        return response;
    }

    public static DescribeUserScramCredentialsResponse Describe(
        DescribeUserScramCredentialsRequest request, ScramImage image)
    {
        var response = new DescribeUserScramCredentialsResponse { ErrorMessage = "" };
        var stored = image.Credentials.Values.ToLookup(credential => credential.Name);
        var asked = request.Users is { Count: > 0 } users
            ? users.Select(user => user.Name)
            : stored.Select(user => user.Key).Order(StringComparer.Ordinal);
        foreach (var user in asked.GroupBy(name => name))
        {
            var result = new DescribeUserScramCredentialsResponse.Result { User = user.Key, ErrorMessage = "" };
            if (user.Count() > 1)
            {
                (result.ErrorCode, result.ErrorMessage) =
                    (ErrorCode.DuplicateResource, "The user is named more than once in the request.");
            }
            else if (!stored.Contains(user.Key))
            {
                (result.ErrorCode, result.ErrorMessage) =
                    (ErrorCode.ResourceNotFound, "The user has no SCRAM credentials.");
            }
            else
            {
                result.CredentialInfos.AddRange(stored[user.Key].OrderBy(credential => credential.Mechanism).Select(
                    credential => new DescribeUserScramCredentialsResponse.CredentialInfo
                    {
                        Mechanism = credential.Mechanism,
                        Iterations = credential.Iterations,
                    }));
            }

            response.Results.Add(result);
        }

        return response;
    }

    private static Verdict? WhatIsWrong(
        AlterUserScramCredentialsRequest.ScramCredentialDeletion deletion, ScramImage image) =>
        NameOrMechanismProblem(deletion.Name, deletion.Mechanism)
        ?? (image.Credentials.ContainsKey((deletion.Name, deletion.Mechanism))
            ? null
            : new Verdict(ErrorCode.ResourceNotFound, "The user has no such credential."));

    private static Verdict? WhatIsWrong(AlterUserScramCredentialsRequest.ScramCredentialUpsertion upsertion) =>
        NameOrMechanismProblem(upsertion.Name, upsertion.Mechanism)
        ?? (upsertion.Iterations is >= LeastIterations and <= MostIterations
            ? null
            : new Verdict(ErrorCode.UnacceptableCredential,
                $"The iterations must lie between {LeastIterations} and {MostIterations}."));

    private static Verdict? NameOrMechanismProblem(string name, sbyte mechanism) =>
        name.Length == 0 ? new Verdict(ErrorCode.UnacceptableCredential, "The user's name is empty.")
        : mechanism is not (Sha256 or Sha512)
            ? new Verdict(ErrorCode.UnsupportedSaslMechanism, $"SCRAM mechanism {mechanism} is unknown.")
            : null;

    private static UserScramCredentialRecord Record(
        AlterUserScramCredentialsRequest.ScramCredentialUpsertion upsertion)
    {
        var clientKey = Hmac(upsertion.Mechanism, upsertion.SaltedPassword.Span, "Client Key");
        return new UserScramCredentialRecord
        {
            Name = upsertion.Name,
            Mechanism = upsertion.Mechanism,
            Salt = upsertion.Salt.ToArray(),
            StoredKey = upsertion.Mechanism == Sha256 ? SHA256.HashData(clientKey) : SHA512.HashData(clientKey),
            ServerKey = Hmac(upsertion.Mechanism, upsertion.SaltedPassword.Span, "Server Key"),
            Iterations = upsertion.Iterations,
        };
    }

    private static byte[] Hmac(sbyte mechanism, ReadOnlySpan<byte> key, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        return mechanism == Sha256 ? HMACSHA256.HashData(key, bytes) : HMACSHA512.HashData(key, bytes);
    }
}
