using Ambient.Http2;
using Ambient.Http2.Hpack;
using BenchmarkDotNet.Attributes;

namespace Ambient.Benchmarks;

/// <summary>The header block of a CONNECT request as tunnels send it.</summary>
[MemoryDiagnoser]
public class HpackBenchmarks
{
    private const int MaxListBytes = 65_536;

    private readonly HeaderList _headers = new(), _decoded = new();
    private readonly HpackDecoder _decoder = new(0);
    private readonly byte[] _block = new byte[2048], _encoded;

    public HpackBenchmarks()
    {
        _headers.Add(":method"u8, "CONNECT");
        _headers.Add(":authority"u8, "10.244.1.17:8080");
        _headers.Add("baggage"u8, "k8s.cluster.name=Kubernetes,k8s.namespace.name=default,k8s.deployment.name=client,service.name=client,service.version=v1");
        _headers.Add("forwarded"u8, "for=10.244.2.9;by=10.244.1.17:8080");
        _headers.Add("traceparent"u8, "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
        _encoded = [.. _block.AsSpan(0, HpackEncoder.Encode(_headers, _block))];
    }

    [Benchmark] public int Encode() => HpackEncoder.Encode(_headers, _block);

    [Benchmark]
    public int Decode()
    {
        _decoded.Clear();
        if (_decoder.Decode(_encoded, _decoded, MaxListBytes) != HpackResult.Done)
            throw new InvalidOperationException("A block of our own was not decoded.");
        return _decoded.Count;
    }
}
