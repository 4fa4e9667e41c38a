using System.Buffers;
using System.Net;
using System.Net.Sockets;
using Ambient.Ztunnel.Dns.Forwarding;
using Ambient.Ztunnel.Dns.Messages;

namespace Ambient.Ztunnel.Dns;

/// <summary>What a name resolves to.</summary>
/// <param name="Addresses">The preferred family first; empty if there are none.</param>
/// <param name="Failure">For people: why there are none; null if there are some.</param>
internal sealed record ResolvedAddresses(IReadOnlyList<IPAddress> Addresses, string? Failure);

/// <summary>Asks the pod's own DNS proxy from the inside, for connections that are given a name. Belongs to one loop.</summary>
internal sealed class AddressLookup(DnsService service)
{
    // What fits everywhere without fragments (RFC 9715 §3.1).
    private const int PayloadSize = 1232, MaxQuery = DnsHeader.Size + DomainName.MaxWireLength + 4 + 11;

    /// <inheritdoc cref="DnsProxy.ResolveAsync"/>
    public async ValueTask<ResolvedAddresses> ResolveAsync(string host, AddressFamily preferred)
    {
        var (first, second) = preferred == AddressFamily.InterNetworkV6
            ? (RecordType.AAAA, RecordType.A)
            : (RecordType.A, RecordType.AAAA);
        var name = host.EndsWith('.') ? host[..^1] : host;
        var answers = await Task.WhenAll(AskAsync(name, first), AskAsync(name, second));
        IPAddress[] addresses = [.. answers[0].Addresses, .. answers[1].Addresses];
        return addresses is [] ? new([], answers[0].Failure) : new(addresses, null);
    }

    private async Task<ResolvedAddresses> AskAsync(string host, RecordType type)
    {
        var query = ArrayPool<byte>.Shared.Rent(MaxQuery);
        var response = ArrayPool<byte>.Shared.Rent(DnsResponder.MaxResponse);
        try
        {
            var length = WriteQuery(host, type, query);
            return length > 0
                ? await AskAsync(PooledMessage.Copy(query.AsSpan(0, length)), type, response)
                : new([], $"\"{host}\" is not a host name.");
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(query);
            ArrayPool<byte>.Shared.Return(response);
        }
    }

    private async ValueTask<ResolvedAddresses> AskAsync(PooledMessage query, RecordType type, byte[] response)
    {
        using var owned = query;
        var action = service.Decide(query.Span, DnsTransport.Udp, response, out var length);
        if (action == DnsAction.AwaitClient)
        {
            await service.WaitForClientAsync();
            action = service.DecideFinally(query.Span, DnsTransport.Udp, response, out length);
        }
        return action switch
        {
            DnsAction.Respond => ReadAddresses(response.AsSpan(0, length), type),
            DnsAction.Forward when service.Outstanding.TryEnter(query.Length) => await ForwardAsync(query, type),
            _ => new([], ForwardFailure.Overloaded.Reason.Text),
        };
    }

    private async ValueTask<ResolvedAddresses> ForwardAsync(PooledMessage query, RecordType type)
    {
        var request = service.BeginForwarding(query.Span, DnsTransport.Udp);
        var started = service.Loop.Time.GetTimestamp();
        var result = await service.Udp.ForwardAsync(query);
        if (DnsHeader.TryRead(result.Answer.Span, out var header) && header.IsTruncated)
        {
            result.Answer.Dispose();
            result = await AskOverTcpAsync(query, request);
        }
        service.Outstanding.Leave(query.Length);
        service.Journal.ForwardingEnded(request, query.Span, service.Loop.Time.GetElapsedTime(started), result.Failure);
        using var answer = result.Answer;
        return result.Failure is { } failure ? new([], failure.Reason.Text) : ReadAddresses(answer.Span, type);
    }

    private async ValueTask<ForwardResult> AskOverTcpAsync(PooledMessage query, DnsRequest request)
    {
        _ = DnsHeader.TryRead(query.Span, out var header);
        using var lookup = new TcpLookup(service.Loop, service.Order, service.Sockets);
        return await lookup.AskAsync(new(PooledMessage.Copy(query.Span), header, request, service.Loop.Time.GetTimestamp()));
    }

    private static int WriteQuery(string host, RecordType type, Span<byte> into)
    {
        var name = DomainName.Write(host, into[DnsHeader.Size..(DnsHeader.Size + DomainName.MaxWireLength)]);
        if (name == 0)
            return 0;
        new DnsHeader(0, DnsHeader.RecursionDesired, Questions: 1, 0, 0, Additionals: 1).Write(into);
        ReadOnlySpan<byte> rest = [0, (byte)type, 0, (byte)Question.Internet, 0, 0, (byte)RecordType.OPT, PayloadSize >> 8, PayloadSize & 0xFF, 0, 0, 0, 0, 0, 0];
        rest.CopyTo(into[(DnsHeader.Size + name)..]);
        return DnsHeader.Size + name + rest.Length;
    }

    // Where a name is an alias, the answer has the addresses of what it stands for: the resolver followed it (RFC 1034 §4.3.2).
    private static ResolvedAddresses ReadAddresses(ReadOnlySpan<byte> response, RecordType type)
    {
        var addresses = new List<IPAddress>();
        if (!DnsHeader.TryRead(response, out var header) || !Question.TryRead(response, DnsHeader.Size, out var question))
            return new([], "The resolver's answer has no question.");

        var offset = question.End;
        for (var i = 0; i < header.Answers && ResourceRecord.TryRead(response, offset, out var record); i++)
        {
            offset = record.End;
            if (record.Type == type && record.Class == Question.Internet && record.DataLength == (type == RecordType.A ? 4 : 16))
                addresses.Add(new(response.Slice(record.DataOffset, record.DataLength)));
        }
        return new(addresses, addresses.Count > 0 ? null : $"The resolver answered {header.Code} without addresses.");
    }
}
