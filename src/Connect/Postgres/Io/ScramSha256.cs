using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Millrace.Connect.Postgres.Io;

/// <summary>The client's side of SCRAM-SHA-256 (RFC 5802, RFC 7677) without channel binding.</summary>
internal sealed class ScramSha256(string password)
{
    public const string Mechanism = "SCRAM-SHA-256";
    private const int MaxIterations = 10_000_000;
    private readonly string _nonce = Convert.ToBase64String(RandomNumberGenerator.GetBytes(18));
    private byte[] _serverSignature = [];

    /// <summary>PostgreSQL takes the user's name from the startup message.</summary>
    public string First => $"n,,{FirstBare}";

    private string FirstBare => $"n=,r={_nonce}";

    public string Final(string serverFirst)
    {
        var parts = Attributes(serverFirst);
        if (!parts.TryGetValue('r', out var nonce) || !nonce.StartsWith(_nonce, StringComparison.Ordinal)
            || !parts.TryGetValue('s', out var salt) || !parts.TryGetValue('i', out var count)
            || !int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out var iterations)
            || iterations is < 1 or > MaxIterations)
            throw new InvalidDataException("the server's SCRAM challenge is malformed");
        var salted = Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(password), Convert.FromBase64String(salt),
            iterations, HashAlgorithmName.SHA256, 32);
        var clientKey = HMACSHA256.HashData(salted, "Client Key"u8);
        var withoutProof = $"c=biws,r={nonce}";
        var signed = Encoding.UTF8.GetBytes($"{FirstBare},{serverFirst},{withoutProof}");
        var proof = HMACSHA256.HashData(SHA256.HashData(clientKey), signed);
        for (var i = 0; i < proof.Length; i++)
            proof[i] ^= clientKey[i];
        _serverSignature = HMACSHA256.HashData(HMACSHA256.HashData(salted, "Server Key"u8), signed);
        return $"{withoutProof},p={Convert.ToBase64String(proof)}";
    }

    public void Verify(string serverFinal)
    {
        if (!Attributes(serverFinal).TryGetValue('v', out var signature)
            || !CryptographicOperations.FixedTimeEquals(Convert.FromBase64String(signature), _serverSignature))
            throw new InvalidDataException("the server does not know the password it asked for (SCRAM signature)");
    }

    private static Dictionary<char, string> Attributes(string message) => message.Split(',')
        .Where(part => part.Length > 2 && part[1] == '=').DistinctBy(part => part[0])
        .ToDictionary(part => part[0], part => part[2..]);
}
