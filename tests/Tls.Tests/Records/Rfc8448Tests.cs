using Ambient.Tls.Records;

namespace Ambient.Tls.Tests.Records;

/// <summary>The simple 1-RTT handshake of RFC 8448 §3, from its traffic secrets on.</summary>
public sealed class Rfc8448Tests
{
    private static readonly byte[] ClientSecret = Hex("9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5");
    private static readonly byte[] ServerSecret = Hex("a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643");
    private static readonly byte[] Payload = [.. Enumerable.Range(0, 50).Select(i => (byte)i)];

    private const string Ticket = "17030300de3a6b8f90414a97d6959c3487680de5134a2b240e6cffac116e95d41d6af8f6b580dcf3d11d63c758db289a01" +
        "5940252f55713e061dc13e078891a38efbcf5753ad8ef170ad3c7353d16d9da773b9ca7f2b9fa1b6c0d4a3d03f75e09c30ba1e62972ac46f75f7b981be" +
        "63439b2999ce13064615139891d5e4c5b406f16e3fc181a77ca475840025db2f0a77f81b5ab05b94c01346755f69232c86519d86cbeeac87aac347d143" +
        "f9605d64f650db4d023e70e952ca49fe5137121c74bc2697687e248746d6df353005f3bce18696129c8153556b3b6c6779b37bf15985684f";

    [Fact]
    public void Traffic_keys_are_those_of_the_RFC()
    {
        var (key, iv) = (new byte[16], new byte[12]);

        KeySchedule.DeriveTrafficKeys(CipherSuite.Aes128GcmSha256, ServerSecret, key, iv);

        Assert.Equal("9f02283b6c9c07efc26bb9f2ac92e356", Convert.ToHexStringLower(key));
        Assert.Equal("cf782b88dd83549aadf1e984", Convert.ToHexStringLower(iv));
    }

    [Fact]
    public void The_clients_records_are_those_of_the_RFC()
    {
        using var client = new TlsSession(CipherSuite.Aes128GcmSha256, false, ClientSecret, ServerSecret);
        var record = new byte[5 + Payload.Length + 17];
        Payload.CopyTo(record, 5);

        client.Seal(record, Payload.Length);
        client.Close();
        var alert = new byte[client.PendingControlBytes];
        client.WriteControl(alert);

        Assert.Equal("1703030043a23f7054b62c94d0affafe8228ba55cbefacea42f914aa66bcab3f2b9819a8a5b46b395bd54a9a20441e2b62974e1f5a6292" +
            "a2977014bd1e3deae63aeebb21694915e4", Convert.ToHexStringLower(record));
        Assert.Equal("1703030013c9872760655666b74d7ff1153efd6db6d0b0e3", Convert.ToHexStringLower(alert));
    }

    [Fact]
    public void The_servers_records_are_read()
    {
        using var client = new TlsSession(CipherSuite.Aes128GcmSha256, false, ClientSecret, ServerSecret);
        byte[] stream = [.. Hex(Ticket),
            .. Hex("17030300432e937e11ef4ac740e538ad36005fc4a46932fc3225d05f82aa1b36e30efaf97d90e6dffc602dcb501a59a8fcc49c4bf2e5f0a21c" +
                "0047c2abf332540dd032e167c2955d"), .. Hex("1703030013b58fd67166ebf599d24720cfbe7efa7a8864a9")];

        Assert.Equal(RecordStatus.Control, client.TryOpen(stream, out var ticket, out _, out _));
        Assert.Equal(RecordStatus.Data, client.TryOpen(stream.AsSpan(ticket), out var data, out var offset, out var length));
        Assert.Equal(Payload, stream.AsSpan(ticket + offset, length));
        Assert.Equal(RecordStatus.Closed, client.TryOpen(stream.AsSpan(ticket + data), out _, out _, out _));
    }

    private static byte[] Hex(string hex) => Convert.FromHexString(hex);
}
