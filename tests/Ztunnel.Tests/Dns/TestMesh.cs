using System.Net;
using Ambient.Model;
using Ambient.Model.Addresses;
using Ambient.Model.State;
using Ambient.Model.Workloads;
using Ambient.Ztunnel.Dns;

namespace Ambient.Ztunnel.Tests.Dns;

/// <summary>Services and workloads in the words of the DNS tests; the client is in namespace ns1.</summary>
internal sealed class TestMesh
{
    public static readonly Workload Client = new()
    {
        Uid = "cluster1//Pod/ns1/client", Name = "client", Namespace = "ns1", CanonicalName = "client-app", CanonicalRevision = "v7",
    };

    public MeshState State { get; } = new();

    public TestMesh Service(
        string hostname, string @namespace, string[]? vips = null, bool canonical = false, Visibility visibility = Visibility.Public,
        IpFamilies families = IpFamilies.Automatic, string network = "")
    {
        State.Apply(new()
        {
            Services =
            [
                new()
                {
                    Name = hostname.Split('.')[0], Namespace = @namespace, Hostname = hostname, Canonical = canonical,
                    Visibility = visibility, IpFamilies = families,
                    Vips = (vips ?? []).Select(vip => NetworkAddress.TryParse(vip, out var full) ? full : new(network, IPAddress.Parse(vip))).ToEquatableArray(),
                },
            ],
        });
        return this;
    }

    public TestMesh Endpoint(
        string name, string hostname, string @namespace, string[] addresses, WorkloadStatus status = WorkloadStatus.Healthy, string network = "")
    {
        State.Apply(new()
        {
            Workloads =
            [
                new()
                {
                    Uid = $"cluster1//Pod/{@namespace}/{name}", Name = name, Namespace = @namespace, Network = network, Status = status,
                    Addresses = addresses.Select(IPAddress.Parse).ToEquatableArray(),
                    Services = [new(new(@namespace, hostname), default)],
                },
            ],
        });
        return this;
    }
}

internal sealed class FixedClient(Workload? workload) : IDnsClientSource
{
    public Workload? Current { get; set; } = workload;

    /// <summary>Who it turns out to be, for those who wait.</summary>
    public TaskCompletionSource<Workload?> Later { get; } = new();

    public async ValueTask<Workload?> WaitAsync() => Current = await Later.Task;
}

internal sealed class CountingMetrics : IDnsMetrics
{
    private readonly Lock _gate = new();
    private readonly List<(string What, DnsLabels Labels)> _counted = [];

    public int Count(string what) { lock (_gate) return _counted.Count(entry => entry.What == what); }

    public DnsLabels[] LabelsOf(string what) { lock (_gate) return [.. _counted.Where(entry => entry.What == what).Select(entry => entry.Labels)]; }

    public void Requested(in DnsLabels labels) => Add("requested", labels);
    public void Forwarded(in DnsLabels labels) => Add("forwarded", labels);
    public void ForwardingFailed(in DnsLabels labels) => Add("failed", labels);
    public void ForwardingTook(in DnsLabels labels, TimeSpan duration) => Add("took", labels);

    private void Add(string what, DnsLabels labels) { lock (_gate) _counted.Add((what, labels)); }
}
