namespace Ambient.Tls.Records;

/// <summary>How much one key and one peer may be used.</summary>
/// <param name="RekeyAfter">Records under one key after which we update ours, or ask the peer to update its own.</param>
/// <param name="RefuseAfter">Records under one key after which nothing more is sealed or opened.</param>
internal readonly record struct RecordLimits(ulong RekeyAfter, ulong RefuseAfter)
{
    /// <summary>Records without application data in a row: tickets, key updates, empty records.</summary>
    public const int MaxIdleRecords = 64;

    /// <summary>AES-GCM is safe for 2^24.5 full records (RFC 8446 §5.5); we update at 2^23, a third of that.</summary>
    public static readonly RecordLimits AesGcm = new(1 << 23, 23_726_566);
}
