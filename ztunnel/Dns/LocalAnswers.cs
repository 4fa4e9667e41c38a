using System.Net;
using System.Net.Sockets;
using Ambient.Model.Balancing;
using Ambient.Model.Workloads;
using Ambient.Ztunnel.Dns.Messages;
using Ambient.Ztunnel.Dns.Naming;

namespace Ambient.Ztunnel.Dns;

/// <summary>Addresses of mesh services and the responses that carry them. Belongs to one loop.</summary>
/// <param name="random">Shuffles addresses, so that clients that take the first spread over all.</param>
internal sealed class LocalAnswers(DnsSettings settings, Random random)
{
    /// <summary>Seconds that clients may keep an answer.</summary>
    public const uint Ttl = 30;

    private readonly List<IPAddress> _addresses = [];

    /// <summary>Finds what to answer, in random order; empty if the service has nothing of that family for this client.</summary>
    /// <returns>Valid until the next call.</returns>
    public IReadOnlyList<IPAddress> AddressesOf(DnsClient client, ServiceEntry entry, RecordType type)
    {
        _addresses.Clear();
        var service = entry.Service;
        var family = type == RecordType.A ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6;
        if (!Allows(service, family))
            return _addresses;

        if (service.Vips.IsEmpty)
            AddEndpoints(entry, family);
        else
            AddVips(client, service, family);
        Shuffle();
        return _addresses;
    }

    /// <summary>Writes the whole response: AA set, an alias first if a search domain was stripped, what does not fit left out with TC.</summary>
    public static int Write(
        ReadOnlySpan<byte> query, DnsHeader header, Question question, Edns? edns, NameMatch match,
        IReadOnlyList<IPAddress> addresses, Span<byte> into, int limit)
    {
        var writer = new MessageWriter(into, limit, header);
        writer.MarkAuthoritative();
        var reserved = MessageWriter.SizeOf(edns);
        var owner = writer.CopyQuestion(query, question);
        var complete = true;
        if (match.AliasLength > 0 && addresses.Count > 0)
        {
            // On the wire as many bytes as in the text: each dot is a length, and there is one length more in front.
            var labels = query.Slice(question.NameOffset, match.AliasLength + 1);
            owner = writer.AddAlias(owner, labels, Ttl, reserved);
            complete = owner > 0;
        }
        for (var i = 0; complete && i < addresses.Count; i++)
            complete = writer.TryAddAddress(owner, addresses[i], Ttl, reserved);
        if (!complete)
            writer.MarkTruncated();
        if (edns is { } client)
            writer.AddEdns(client, ResponseCode.NoError);
        return writer.Finish(ResponseCode.NoError);
    }

    private bool Allows(Service service, AddressFamily family) => family == AddressFamily.InterNetwork
        ? service.IpFamilies != IpFamilies.IPv6Only
        : settings.IPv6Enabled && service.IpFamilies != IpFamilies.IPv4Only;

    private void AddVips(DnsClient client, Service service, AddressFamily family)
    {
        foreach (var vip in service.Vips)
        {
            if (vip.IsIPv6 == (family == AddressFamily.InterNetworkV6) && vip.Network == client.Workload.Network)
                _addresses.Add(vip.Address);
        }
    }

    private void AddEndpoints(ServiceEntry entry, AddressFamily family)
    {
        foreach (var endpoint in entry.Endpoints)
        {
            if (FirstOf(endpoint.Workload, family) is { } address)
                _addresses.Add(address);
        }
    }

    private static IPAddress? FirstOf(Workload workload, AddressFamily family)
    {
        foreach (var address in workload.Addresses)
        {
            if (address.AddressFamily == family)
                return address;
        }
        return null;
    }

    private void Shuffle()
    {
        for (var i = _addresses.Count - 1; i > 0; i--)
        {
            var other = random.Next(i + 1);
            (_addresses[i], _addresses[other]) = (_addresses[other], _addresses[i]);
        }
    }
}
