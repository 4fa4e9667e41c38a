using System.Net;

namespace Ambient.Playground.Api;

/// <summary>How a playground cluster's API is offered.</summary>
public sealed record PlaygroundApiOptions
{
    /// <summary>Loopback port of the plain listener, whose callers are administrators; 0 for any. Null: none.</summary>
    public int? Port { get; init; } = 0;

    /// <summary>Port of the listener with TLS and tokens, on every address of loopback; 0 for any. Null: none.</summary>
    public int? TlsPort { get; init; } = 0;

    /// <summary>A listening TCP socket for TLS and tokens, made elsewhere (in a network namespace); taken over. Null: none.</summary>
    public int? TlsHandle { get; init; }

    /// <summary>As <see cref="TlsHandle"/>, plain: its callers are administrators, so it must be a loopback of a namespace.</summary>
    public int? PlainHandle { get; init; }

    /// <summary>Further names and addresses that the TLS certificate is for, besides localhost, loopback and the names of the service kubernetes.</summary>
    public IReadOnlyList<string> ServerNames { get; init; } = [];

    /// <summary>Where services get their addresses from; at least 8 addresses, the first goes to the service kubernetes.</summary>
    public IPNetwork ServiceRange { get; init; } = IPNetwork.Parse("10.96.0.0/16");

    /// <summary>For services with IPv6; null: the cluster has IPv4 only.</summary>
    public IPNetwork? ServiceRangeV6 { get; init; } = IPNetwork.Parse("fd00:10:96::/112");

    /// <summary>Whether the controllers run: Deployments become pods, services get EndpointSlices, pods get nodes.</summary>
    public bool Controllers { get; init; } = true;

    /// <summary>Nodes without machines whose pods become ready by themselves, 0–1000. For trying kubectl, and for load.</summary>
    public int SimulatedNodes { get; init; }

    /// <summary>Where simulated nodes take their pods' addresses from.</summary>
    public IPNetwork PodRange { get; init; } = IPNetwork.Parse("10.244.0.0/16");

    /// <summary>Whether the mesh's own kinds (policies, gateways) are installed.</summary>
    public bool InstallsMeshKinds { get; init; } = true;

    /// <summary>Whether tokens get only the rights that roles give them; otherwise every authenticated caller may do everything.</summary>
    public bool EnforcesRoles { get; init; }

    /// <summary>Told of every request that was let through, before it is carried out; from many threads. For comparing roles with what is done.</summary>
    public Action<Access.Caller, Access.Permission>? Allowed { get; init; }

    /// <summary>Time between bookmarks of a quiet watch. Default 30 s.</summary>
    public TimeSpan BookmarkInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Longest watch: the client watches again. Default 30 min.</summary>
    public TimeSpan LongestWatch { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>How long writes take to reach a caller's watches, by its name; asked at each write. Null: no time. For a slow control plane.</summary>
    public Func<string, TimeSpan>? WatchDelay { get; init; }

    /// <summary>Who issues tokens, and the audience of tokens for this API.</summary>
    public string Issuer { get; init; } = "https://kubernetes.default.svc.cluster.local";

    public Storage.ObjectStoreOptions Store { get; init; } = new();

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Text of <c>kubectl logs</c>; null: there are no logs.</summary>
    public IPodLogs? Logs { get; init; }
}

/// <summary>Where containers' output is read.</summary>
public interface IPodLogs
{
    /// <summary>Writes the output so far and, if it is to be followed, what comes until <paramref name="stop"/>.</summary>
    /// <exception cref="StatusException">NotFound or BadRequest: there is no such container or no output.</exception>
    Task WriteAsync(PodLogRequest request, Stream output, CancellationToken stop);
}

/// <param name="Container">Empty for the only one.</param>
public sealed record PodLogRequest(string Namespace, string Pod, string Container, bool Follow, int? TailLines, bool Previous);
