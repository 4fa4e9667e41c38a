namespace Ambient.Tls.Records;

/// <summary>What a fragment of post-handshake messages amounted to.</summary>
internal enum HandshakeOutcome : byte { Nothing, KeyUpdate, KeyUpdateRequested, UnexpectedMessage, DecodeError, IllegalParameter }

/// <summary>Reads handshake messages after the handshake (RFC 8446 §4.6), cut over any number of records, without keeping them.</summary>
/// <remarks>Session tickets are legal for clients to receive and of no use to us; everything else but KeyUpdate is refused.</remarks>
internal struct HandshakeReader(bool isServer)
{
    public const byte NewSessionTicket = 4, KeyUpdate = 24;

    private const int HeaderBytes = 4;
    private const int MinTicket = 14, MaxTicket = 4 + 4 + 256 + 65537 + 65537; // RFC 8446 §4.6.1

    private uint _header;
    private int _headerBytes;
    private int _toSkip;

    /// <summary>True in the middle of a message: records of other types may not come now (RFC 8446 §5.1).</summary>
    public readonly bool IsInside => _headerBytes > 0;

    public (uint Header, int HeaderBytes, int ToSkip) State
    {
        readonly get => (_header, _headerBytes, _toSkip);
        set => (_header, _headerBytes, _toSkip) = value;
    }

    /// <summary>False for a state that reading cannot lead to.</summary>
    public static bool IsPossible((uint Header, int HeaderBytes, int ToSkip) state) => state switch
    {
        { HeaderBytes: < HeaderBytes, ToSkip: 0 } => true,
        { HeaderBytes: HeaderBytes } => state.Header >> 24 == KeyUpdate ? state.ToSkip == 0 : state.ToSkip is > 0 and <= MaxTicket,
        _ => false,
    };

    public HandshakeOutcome Read(ReadOnlySpan<byte> fragment)
    {
        if (fragment.IsEmpty) return HandshakeOutcome.UnexpectedMessage; // RFC 8446 §5.1: no zero-length handshake fragments
        while (!fragment.IsEmpty)
        {
            if (_headerBytes < HeaderBytes)
            {
                _header = _header << 8 | fragment[0];
                fragment = fragment[1..];
                if (++_headerBytes < HeaderBytes) continue;
                if (CheckHeader() is var problem and not HandshakeOutcome.Nothing) return problem;
            }
            else if (_header >> 24 == KeyUpdate) return ReadKeyUpdate(fragment);
            else Skip(ref fragment);
        }
        return HandshakeOutcome.Nothing;
    }

    private HandshakeOutcome CheckHeader()
    {
        var length = (int)(_header & 0xFFFFFF);
        switch (_header >> 24)
        {
            case KeyUpdate:
                return length == 1 ? HandshakeOutcome.Nothing : HandshakeOutcome.DecodeError;
            case NewSessionTicket when !isServer:
                _toSkip = length;
                return length is >= MinTicket and <= MaxTicket ? HandshakeOutcome.Nothing : HandshakeOutcome.DecodeError;
            default:
                return HandshakeOutcome.UnexpectedMessage;
        }
    }

    private HandshakeOutcome ReadKeyUpdate(ReadOnlySpan<byte> fragment)
    {
        _headerBytes = 0;
        if (fragment.Length > 1) return HandshakeOutcome.UnexpectedMessage; // keys change at a record boundary (RFC 8446 §5.1)
        return fragment[0] switch
        {
            0 => HandshakeOutcome.KeyUpdate,
            1 => HandshakeOutcome.KeyUpdateRequested,
            _ => HandshakeOutcome.IllegalParameter,
        };
    }

    private void Skip(ref ReadOnlySpan<byte> fragment)
    {
        var skipped = Math.Min(_toSkip, fragment.Length);
        fragment = fragment[skipped..];
        _toSkip -= skipped;
        if (_toSkip == 0) _headerBytes = 0;
    }
}
