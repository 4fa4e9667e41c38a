using Ambient.Model.Balancing;
using Ambient.Model.State;
using Ambient.Model.Workloads;

namespace Ambient.Ztunnel.Dns.Naming;

/// <summary>
/// Which service a name means to a client: the name itself, what it abbreviates in Kubernetes, and the same without a search
/// domain that the client's resolver appended; each exactly, then by wildcard. Pure.
/// </summary>
internal sealed class NameTable(DnsSettings settings)
{
    private readonly string _clusterServices = $".svc.{settings.ClusterDomain}";

    /// <param name="name">Lower case, without a trailing dot; at most 253 characters.</param>
    public NameMatch? Find(MeshSnapshot mesh, ClientNames client, ReadOnlySpan<char> name)
    {
        if (name.IsEmpty)
            return null;
        var scratch = new char[name.Length + client.LongestSuffix + 1];
        if (FindAbbreviation(mesh, client, name, scratch, out _) is { } service)
            return new(service, 0);

        foreach (var suffix in client.SearchSuffixes)
        {
            if (name.Length <= suffix.Length || !name.EndsWith(suffix))
                continue;
            var stripped = name[..^suffix.Length];
            if (FindAbbreviation(mesh, client, stripped, scratch, out var byWildcard) is { } found)
                return new(found, byWildcard ? 0 : stripped.Length);
        }
        return null;
    }

    private ServiceEntry? FindAbbreviation(
        MeshSnapshot mesh, ClientNames client, ReadOnlySpan<char> name, Span<char> scratch, out bool byWildcard)
    {
        if (FindName(mesh, client, name, scratch, out byWildcard) is { } service)
            return service;

        foreach (var suffix in client.ExpansionsOf(name))
        {
            name.CopyTo(scratch);
            suffix.CopyTo(scratch[name.Length..]);
            var expanded = new string(scratch[..(name.Length + suffix.Length)]);
            if (FindName(mesh, client, expanded, scratch, out byWildcard) is { } found)
                return found;
        }
        return null;
    }

    private ServiceEntry? FindName(MeshSnapshot mesh, ClientNames client, ReadOnlySpan<char> name, Span<char> scratch, out bool byWildcard)
    {
        byWildcard = false;
        if (Choose(mesh, client, name) is { } exact)
            return exact;

        byWildcard = true;
        for (var dot = name.IndexOf('.'); dot >= 0;)
        {
            var rest = name[dot..];
            scratch[0] = '*';
            rest.CopyTo(scratch[1..]);
            if (Choose(mesh, client, scratch[..(rest.Length + 1)]) is { } service)
                return service;
            var next = rest[1..].IndexOf('.');
            dot = next < 0 ? -1 : dot + 1 + next;
        }
        return null;
    }

    /// <summary>The client's namespace first, else the canonical one, else the preferred namespace, else the first.</summary>
    private ServiceEntry? Choose(MeshSnapshot mesh, ClientNames client, ReadOnlySpan<char> hostname)
    {
        ServiceEntry? canonical = null, preferred = null, first = null;
        foreach (var entry in mesh.ServicesWithHost(hostname.ToString()))
        {
            var service = entry.Service;
            if (!service.IsVisibleTo(client.Namespace) || !CanBeResolved(service))
                continue;
            if (service.Namespace == client.Namespace)
                return entry;
            first ??= entry;
            if (service.Canonical)
                canonical = entry; // the last one, as routing by address does
            if (service.Namespace == settings.PreferredServiceNamespace)
                preferred ??= entry;
        }
        return canonical ?? preferred ?? first;
    }

    // Without an address of its own, only a headless Kubernetes service means its endpoints; others are left to real DNS.
    private bool CanBeResolved(Service service) =>
        !service.Vips.IsEmpty || service.Hostname.EndsWith(_clusterServices, StringComparison.OrdinalIgnoreCase);
}
