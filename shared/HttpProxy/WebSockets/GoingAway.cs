using System.Security.Cryptography;

namespace Ambient.HttpProxy.WebSockets;

/// <summary>The close frame with status 1001: this end goes away (RFC 6455 §5.5.1, §7.4.1).</summary>
internal static class GoingAway
{
    private const byte Close = 0x88, Status1 = 1001 >> 8, Status2 = 1001 & 0xFF;

    /// <param name="isMasked">For a server: what goes there is masked, with a key of its own for each frame (RFC 6455 §5.3).</param>
    public static byte[] Frame(bool isMasked)
    {
        if (!isMasked) return [Close, 2, Status1, Status2];
        var key = RandomNumberGenerator.GetBytes(4);
        return [Close, 0x80 | 2, .. key, (byte)(Status1 ^ key[0]), (byte)(Status2 ^ key[1])];
    }
}
