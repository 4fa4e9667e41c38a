using System.Buffers;

namespace Ambient.Tls;

/// <summary>A TLS handshake whose bytes the caller moves. One thread at a time.</summary>
public interface IHandshake
{
    /// <summary>Goes as far as the bytes allow; a client begins with nothing received.</summary>
    /// <param name="received">All bytes that came from the peer since the last call, cut anywhere; may be empty.</param>
    /// <param name="toSend">Gets what is to be sent to the peer, in every case.</param>
    HandshakeStatus Advance(ReadOnlySpan<byte> received, IBufferWriter<byte> toSend);
}
