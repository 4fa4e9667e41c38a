using System.Security.Cryptography;
using Ambient.Tls.Records;

namespace Ambient.Tls.Handshake;

/// <summary>The two application traffic secrets, collected from libssl's key log. Secret: <see cref="Wipe"/> after use.</summary>
internal sealed class HandshakeSecrets
{
    private const int ClientRandomHexLength = 64;

    private readonly byte[] _client = new byte[CipherSuite.MaxHashBytes], _server = new byte[CipherSuite.MaxHashBytes];
    private int _clientLength, _serverLength;

    public ReadOnlySpan<byte> Client => _client.AsSpan(0, _clientLength);

    public ReadOnlySpan<byte> Server => _server.AsSpan(0, _serverLength);

    /// <summary>Keeps the secret if <paramref name="line"/> (label, client random, secret) has one of the two.</summary>
    public void Collect(ReadOnlySpan<byte> line)
    {
        if (TryDecode(line, "CLIENT_TRAFFIC_SECRET_0 "u8, _client, out var length)) _clientLength = length;
        else if (TryDecode(line, "SERVER_TRAFFIC_SECRET_0 "u8, _server, out length)) _serverLength = length;
    }

    public void Wipe()
    {
        CryptographicOperations.ZeroMemory(_client);
        CryptographicOperations.ZeroMemory(_server);
        _clientLength = _serverLength = 0;
    }

    private static bool TryDecode(ReadOnlySpan<byte> line, ReadOnlySpan<byte> label, Span<byte> secret, out int length)
    {
        length = 0;
        if (!line.StartsWith(label)) return false;
        var hex = line[label.Length..];
        if (hex.Length <= ClientRandomHexLength) return false;
        hex = hex[(ClientRandomHexLength + 1)..];
        length = Math.Min(hex.Length / 2, secret.Length);
        for (var i = 0; i < length; i++)
            secret[i] = (byte)(Digit(hex[2 * i]) << 4 | Digit(hex[2 * i + 1]));
        return true;
    }

    private static int Digit(byte letter) => letter <= '9' ? letter - '0' : (letter | 0x20) - 'a' + 10;
}
