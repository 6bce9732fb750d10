using System.Buffers.Binary;
using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Millrace.Connect.Postgres.Io;

/// <summary>
/// A connection in replication mode up to the point where it streams: TLS, start-up, authentication and the commands
/// of the walsender. Owned by one task; not for concurrent use. Protocol: PostgreSQL manual, "Frontend/Backend
/// Protocol" and "Streaming Replication Protocol".
/// </summary>
internal sealed class ReplicationConnection : IAsyncDisposable
{
    private const int ProtocolVersion = 196608;
    private const int SslRequestCode = 80877103;
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(15);

    private readonly Socket _socket;
    private Stream _stream;
    private WireBuffer _input;

    private ReplicationConnection(Socket socket)
    {
        _socket = socket;
        _stream = new NetworkStream(socket, ownsSocket: true);
        _input = new WireBuffer(_stream);
    }


    public WireBuffer Input => _input;

    public static async Task<ReplicationConnection> OpenAsync(
        PostgresEndpoint endpoint, string applicationName, CancellationToken cancellation)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        timeout.CancelAfter(ConnectTimeout);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        ReplicationConnection? connection = null;
        try
        {
            await socket.ConnectAsync(endpoint.Host, endpoint.Port, timeout.Token);
            connection = new ReplicationConnection(socket);
            await connection.SecureAsync(endpoint, timeout.Token);
            await connection.StartUpAsync(endpoint, applicationName, timeout.Token);
            return connection;
        }
        catch (Exception e)
        {
            socket.Dispose();
            if (connection is not null)
                await connection.DisposeAsync();
            if (e is OperationCanceledException && !cancellation.IsCancellationRequested)
                throw new TimeoutException($"no answer from {endpoint.Host}:{endpoint.Port} within 15 seconds");
            throw;
        }
    }

    /// <summary>Runs one command; returns its rows.</summary>
    public async Task<List<string?[]>> QueryAsync(string command, CancellationToken cancellation)
    {
        await SendAsync('Q', Encoding.UTF8.GetBytes(command + '\0'), cancellation);
        var rows = new List<string?[]>();
        PostgresServerException? error = null;
        while (true)
        {
            var (type, body) = await _input.ReadAsync(cancellation);
            switch (type)
            {
                case 'D': rows.Add(ReadRow(body.Span)); break;
                case 'E': error = Error(body.Span); break;
                case 'Z' when error is not null: throw error;
                case 'Z': return rows;
            }
        }
    }

    /// <summary>Runs START_REPLICATION up to the moment both sides may stream.</summary>
    public async Task StartCopyBothAsync(string command, CancellationToken cancellation)
    {
        await SendAsync('Q', Encoding.UTF8.GetBytes(command + '\0'), cancellation);
        while (true)
        {
            var (type, body) = await _input.ReadAsync(cancellation);
            if (type == 'W')
                return;
            if (type == 'E')
                throw Error(body.Span);
        }
    }

    public async Task SendAsync(char type, ReadOnlyMemory<byte> body, CancellationToken cancellation)
    {
        var frame = new byte[5 + body.Length];
        frame[0] = (byte)type;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), 4 + body.Length);
        body.CopyTo(frame.AsMemory(5));
        await _stream.WriteAsync(frame, cancellation);
        await _stream.FlushAsync(cancellation);
    }

    public static PostgresServerException Error(ReadOnlySpan<byte> body)
    {
        var fields = new Dictionary<char, string>();
        while (body is [not 0, ..])
        {
            var kind = (char)body[0];
            body = body[1..];
            fields[kind] = WireBuffer.Text(ref body);
        }
        var message = fields.GetValueOrDefault('M', "unknown error");
        if (fields.TryGetValue('D', out var detail))
            message += $"; {detail}";
        return new PostgresServerException(fields.GetValueOrDefault('C', "XX000"), message);
    }

    public async ValueTask DisposeAsync()
    {
        await _stream.DisposeAsync();
        _socket.Dispose();
    }

    private async Task SecureAsync(PostgresEndpoint endpoint, CancellationToken cancellation)
    {
        if (endpoint.SslMode == "disable")
            return;
        var request = new byte[8];
        BinaryPrimitives.WriteInt32BigEndian(request, 8);
        BinaryPrimitives.WriteInt32BigEndian(request.AsSpan(4), SslRequestCode);
        await _stream.WriteAsync(request, cancellation);
        var answer = new byte[1];
        await _stream.ReadExactlyAsync(answer, cancellation);
        if (answer[0] == 'N' && endpoint.SslMode is "allow" or "prefer")
            return;
        if (answer[0] != 'S')
            throw new AuthenticationFailedException(
                $"the server does not offer TLS, but database.sslmode is {endpoint.SslMode}");
        var tls = new SslStream(_stream, leaveInnerStreamOpen: false);
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = endpoint.Host,
            RemoteCertificateValidationCallback = (_, certificate, _, errors) =>
                IsAcceptable(endpoint, certificate, errors),
        }, cancellation);
        _stream = tls;
        _input = new WireBuffer(tls);
    }

    private static bool IsAcceptable(PostgresEndpoint endpoint, X509Certificate? certificate, SslPolicyErrors errors)
    {
        if (endpoint.SslMode is not ("verify-ca" or "verify-full"))
            return true;
        if (certificate is null || (endpoint.SslMode == "verify-full"
            && errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch)))
            return false;
        if (endpoint.SslRootCertificate.Length == 0)
            return !errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors);
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.CustomTrustStore.ImportFromPemFile(endpoint.SslRootCertificate);
        using var copy = X509CertificateLoader.LoadCertificate(certificate.GetRawCertData());
        return chain.Build(copy);
    }

    private async Task StartUpAsync(PostgresEndpoint endpoint, string applicationName, CancellationToken cancellation)
    {
        var parameters = new StringBuilder();
        parameters.Append(CultureInfo.InvariantCulture,
            $"user\0{endpoint.User}\0database\0{endpoint.Database}\0replication\0database\0");
        parameters.Append(CultureInfo.InvariantCulture, $"application_name\0{applicationName}\0");
        foreach (var (name, value) in PostgresEndpoint.TextSettings)
            parameters.Append(CultureInfo.InvariantCulture, $"{name}\0{value}\0");
        var text = Encoding.UTF8.GetBytes(parameters.Append('\0').ToString());
        var frame = new byte[8 + text.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, frame.Length);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(4), ProtocolVersion);
        text.CopyTo(frame, 8);
        await _stream.WriteAsync(frame, cancellation);
        await AuthenticateAsync(endpoint, cancellation);
    }

    private async Task AuthenticateAsync(PostgresEndpoint endpoint, CancellationToken cancellation)
    {
        ScramSha256? scram = null;
        while (true)
        {
            var (type, body) = await _input.ReadAsync(cancellation);
            if (type == 'E')
                throw Error(body.Span);
            if (type == 'Z')
                return;
            if (type != 'R')
                continue;
            var method = BinaryPrimitives.ReadInt32BigEndian(body.Span);
            var data = body[4..];
            switch (method)
            {
                case 0:
                    break;
                case 3:
                    await SendAsync('p', Encoding.UTF8.GetBytes(endpoint.Password + '\0'), cancellation);
                    break;
                case 5:
                    await SendAsync('p', Md5(endpoint, data.Span), cancellation);
                    break;
                case 10:
                    scram = new ScramSha256(endpoint.Password);
                    await SendAsync('p', SaslInitial(data.Span, scram), cancellation);
                    break;
                case 11 when scram is not null:
                    await SendAsync('p', Encoding.UTF8.GetBytes(scram.Final(Encoding.UTF8.GetString(data.Span))),
                        cancellation);
                    break;
                case 12 when scram is not null:
                    scram.Verify(Encoding.UTF8.GetString(data.Span));
                    break;
                default:
                    throw new AuthenticationFailedException(
                        $"the server asks for authentication method {method}; use scram-sha-256, md5 or password");
            }
        }
    }

    private static byte[] SaslInitial(ReadOnlySpan<byte> mechanisms, ScramSha256 scram)
    {
        var offered = Encoding.UTF8.GetString(mechanisms).Split('\0');
        if (!offered.Contains(ScramSha256.Mechanism))
            throw new AuthenticationFailedException($"the server offers only {string.Join(", ", offered)}");
        var name = Encoding.UTF8.GetBytes(ScramSha256.Mechanism + '\0');
        var first = Encoding.UTF8.GetBytes(scram.First);
        var body = new byte[name.Length + 4 + first.Length];
        name.CopyTo(body, 0);
        BinaryPrimitives.WriteInt32BigEndian(body.AsSpan(name.Length), first.Length);
        first.CopyTo(body, name.Length + 4);
        return body;
    }

    private static byte[] Md5(PostgresEndpoint endpoint, ReadOnlySpan<byte> salt)
    {
        var inner = Convert.ToHexStringLower(MD5.HashData(Encoding.UTF8.GetBytes(endpoint.Password + endpoint.User)));
        byte[] salted = [.. Encoding.ASCII.GetBytes(inner), .. salt[..4]];
        return Encoding.ASCII.GetBytes($"md5{Convert.ToHexStringLower(MD5.HashData(salted))}\0");
    }

    private static string?[] ReadRow(ReadOnlySpan<byte> body)
    {
        var row = new string?[BinaryPrimitives.ReadInt16BigEndian(body)];
        body = body[2..];
        for (var i = 0; i < row.Length; i++)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(body);
            body = body[4..];
            if (length < 0)
                continue;
            row[i] = Encoding.UTF8.GetString(body[..length]);
            body = body[length..];
        }
        return row;
    }
}
