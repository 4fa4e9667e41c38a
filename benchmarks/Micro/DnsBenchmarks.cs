using Ambient.Ztunnel.Dns;
using Ambient.Ztunnel.Dns.Messages;
using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ambient.Benchmarks;

/// <summary>What becomes of a question: answered from the mesh, found to be somebody else's, or not even looked up.</summary>
[MemoryDiagnoser]
public class DnsBenchmarks
{
    private readonly byte[] _response = new byte[DnsResponder.MaxResponse];
    private DnsResponder _responder = null!;
    private DnsClient _client = null!;
    private byte[] _service = null!, _searched = null!, _stranger = null!, _mail = null!;

    [Params(10, 100_000)] public int Workloads { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        var settings = new DnsSettings();
        _responder = new(settings, BenchmarkMesh.Build(Workloads), new(new NoMetrics(), NullLogger.Instance), new Random(7));
        _client = new(BenchmarkMesh.WorkloadAt(0), settings);
        _service = Query(BenchmarkMesh.HostOf(0), RecordType.A);
        _searched = Query("www.example.com.ns0.svc.cluster.local", RecordType.A);
        _stranger = Query("www.example.com", RecordType.A);
        _mail = Query("www.example.com", RecordType.MX);
    }

    [Benchmark] public int AnswerService() => Decide(_service);

    /// <summary>What resolvers ask first because of "ndots:5": the most names to try.</summary>
    [Benchmark] public int ForwardSearched() => Decide(_searched);

    [Benchmark] public int ForwardStranger() => Decide(_stranger);

    [Benchmark] public int ForwardOtherType() => Decide(_mail);

    private int Decide(byte[] query)
    {
        _responder.Decide(query, DnsTransport.Udp, _client, _response, out var length);
        return length;
    }

    private static byte[] Query(string name, RecordType type)
    {
        var message = new byte[512];
        new DnsHeader(1, DnsHeader.RecursionDesired, Questions: 1, 0, 0, 0).Write(message);
        var end = DnsHeader.Size + DomainName.Write(name, message.AsSpan(DnsHeader.Size));
        message[end + 1] = (byte)type;
        message[end + 3] = (byte)Question.Internet;
        return message[..(end + 4)];
    }

    private sealed class NoMetrics : IDnsMetrics
    {
        public void Requested(in DnsLabels labels) { }
        public void Forwarded(in DnsLabels labels) { }
        public void ForwardingFailed(in DnsLabels labels) { }
        public void ForwardingTook(in DnsLabels labels, TimeSpan duration) { }
    }
}
