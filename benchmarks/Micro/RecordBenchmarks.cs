using Ambient.Tls;
using Ambient.Tls.Records;
using BenchmarkDotNet.Attributes;

namespace Ambient.Benchmarks;

/// <summary>TLS 1.3 records, sealed and opened in place.</summary>
[MemoryDiagnoser]
public class RecordBenchmarks
{
    private TlsSession _client = null!, _server = null!;
    private byte[] _record = null!;
    private readonly byte[] _control = new byte[1024];

    /// <summary>A byte, a packet, a full record.</summary>
    [Params(1, 1400, TlsSession.MaxPlaintext)] public int Bytes { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        var suite = CipherSuite.Aes256GcmSha384;
        byte[] clientSecret = [.. Enumerable.Range(0, suite.HashBytes).Select(i => (byte)i)];
        byte[] serverSecret = [.. clientSecret.Reverse()];
        _client = new(suite, isServer: false, clientSecret, serverSecret);
        _server = new(suite, isServer: true, clientSecret, serverSecret);
        _record = new byte[TlsSession.HeaderBytes + Bytes + TlsSession.TrailerBytes];
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _client.Dispose();
        _server.Dispose();
    }

    [Benchmark]
    public int Seal()
    {
        if (_server.PendingControlBytes > 0)
            _server.WriteControl(_control); // the key has been replaced after 2^23 records
        return _server.Seal(_record, Bytes);
    }

    [Benchmark]
    public int SealAndOpen()
    {
        var length = _client.Seal(_record, Bytes);
        if (_server.TryOpen(_record.AsSpan(0, length), out _, out _, out var opened) != RecordStatus.Data)
            throw new InvalidOperationException("A record of our own was not opened.");
        if (_client.PendingControlBytes > 0)
            _server.TryOpen(_control.AsSpan(0, _client.WriteControl(_control)), out _, out _, out _);
        return opened;
    }
}
