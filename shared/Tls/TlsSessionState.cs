using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Ambient.Tls.Records;

namespace Ambient.Tls;

/// <summary>A <see cref="TlsSession"/> at rest: keys, record numbers, control records not sent yet. Secret throughout.</summary>
/// <remarks>Whoever has it can read and forge the connection: pass it only to a process of ours, over a local socket, and dispose it.</remarks>
public sealed class TlsSessionState : IDisposable
{
    // Format 1, big-endian: format 8 | flags 8 | suite 16 | read number 64 | write number 64 | idle records 16 |
    // message header 32 | header bytes 8 | bytes to skip 32 | control length 16 | read secret | write secret | control
    private const byte Format = 1;
    private const int FixedBytes = 1 + 1 + 2 + 8 + 8 + 2 + 4 + 1 + 4 + 2;

    [Flags]
    private enum Flags : byte { Server = 1, PeerClosed = 2, WriteClosed = 4, Failed = 8, AskedPeerToUpdate = 16, HoldsKeyUpdate = 32 }

    internal TlsSessionState() { }

    internal CipherSuite Suite { get; init; } = null!;
    internal bool IsServer { get; init; }
    internal bool PeerClosed { get; init; }
    internal bool WriteClosed { get; init; }
    internal bool Failed { get; init; }
    internal bool AskedPeerToUpdate { get; init; }
    internal bool HoldsKeyUpdate { get; init; }
    internal ulong ReadSequence { get; init; }
    internal ulong WriteSequence { get; init; }
    internal byte[] ReadSecret { get; init; } = [];
    internal byte[] WriteSecret { get; init; } = [];
    internal int IdleRecords { get; init; }
    internal (uint Header, int HeaderBytes, int ToSkip) Handshake { get; init; }
    internal byte[] Control { get; init; } = [];
    internal bool IsDisposed { get; private set; }

    /// <summary>The state as bytes, to be wiped by whoever gets them. About 150.</summary>
    public byte[] ToBytes()
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        var bytes = new byte[FixedBytes + ReadSecret.Length + WriteSecret.Length + Control.Length];
        bytes[0] = Format;
        bytes[1] = (byte)((IsServer ? Flags.Server : 0) | (PeerClosed ? Flags.PeerClosed : 0) | (WriteClosed ? Flags.WriteClosed : 0)
            | (Failed ? Flags.Failed : 0) | (AskedPeerToUpdate ? Flags.AskedPeerToUpdate : 0) | (HoldsKeyUpdate ? Flags.HoldsKeyUpdate : 0));
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(2), Suite.Id);
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(4), ReadSequence);
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(12), WriteSequence);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(20), (ushort)IdleRecords);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(22), Handshake.Header);
        bytes[26] = (byte)Handshake.HeaderBytes;
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(27), Handshake.ToSkip);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(31), (ushort)Control.Length);
        ReadSecret.CopyTo(bytes.AsSpan(FixedBytes));
        WriteSecret.CopyTo(bytes.AsSpan(FixedBytes + ReadSecret.Length));
        Control.CopyTo(bytes.AsSpan(FixedBytes + ReadSecret.Length + WriteSecret.Length));
        return bytes;
    }

    /// <returns>False if <paramref name="bytes"/> are not a state in a format that this version reads.</returns>
    public static bool TryRead(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out TlsSessionState? state)
    {
        state = null;
        if (bytes.Length < FixedBytes || bytes[0] != Format) return false;
        if (CipherSuite.Find(BinaryPrimitives.ReadUInt16BigEndian(bytes[2..])) is not { } suite) return false;
        var control = BinaryPrimitives.ReadUInt16BigEndian(bytes[31..]);
        if (bytes.Length != FixedBytes + 2 * suite.HashBytes + control) return false;
        var handshake = (Header: BinaryPrimitives.ReadUInt32BigEndian(bytes[22..]), HeaderBytes: (int)bytes[26], ToSkip: BinaryPrimitives.ReadInt32BigEndian(bytes[27..]));
        if (!HandshakeReader.IsPossible(handshake)) return false;

        var flags = (Flags)bytes[1];
        state = new()
        {
            Suite = suite,
            IsServer = flags.HasFlag(Flags.Server), PeerClosed = flags.HasFlag(Flags.PeerClosed), WriteClosed = flags.HasFlag(Flags.WriteClosed),
            Failed = flags.HasFlag(Flags.Failed), AskedPeerToUpdate = flags.HasFlag(Flags.AskedPeerToUpdate), HoldsKeyUpdate = flags.HasFlag(Flags.HoldsKeyUpdate),
            ReadSequence = BinaryPrimitives.ReadUInt64BigEndian(bytes[4..]),
            WriteSequence = BinaryPrimitives.ReadUInt64BigEndian(bytes[12..]),
            IdleRecords = BinaryPrimitives.ReadUInt16BigEndian(bytes[20..]),
            Handshake = handshake,
            ReadSecret = bytes.Slice(FixedBytes, suite.HashBytes).ToArray(),
            WriteSecret = bytes.Slice(FixedBytes + suite.HashBytes, suite.HashBytes).ToArray(),
            Control = bytes[(FixedBytes + 2 * suite.HashBytes)..].ToArray(),
        };
        return true;
    }

    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(ReadSecret);
        CryptographicOperations.ZeroMemory(WriteSecret);
        IsDisposed = true;
    }

    /// <summary>Says nothing about the keys.</summary>
    public override string ToString() => $"TLS session, {Suite.Name}, {ReadSequence} records read and {WriteSequence} written";
}
