using Ambient.Transport;

namespace Ambient.Ztunnel.Socks;

/// <summary>What a negotiation led to.</summary>
/// <param name="Target">Null if it failed; otherwise the client waits for <see cref="SocksServer.ReplyAsync"/>.</param>
/// <param name="Failure">For people: why there is no target.</param>
internal readonly record struct SocksRequest(SocksTarget? Target, string? Failure);

/// <summary>Speaks SOCKS 5 with a client up to the point where its destination is known. Everything on the socket's loop.</summary>
/// <remarks>
/// The reply to the request is a second step, so that the client is told what really became of its connection; nothing
/// that it sends behind its request is read here.
/// </remarks>
internal static class SocksServer
{
    /// <param name="client">Borrowed; the caller closes it, also after a failure.</param>
    /// <param name="timeout">What the whole negotiation may take; afterwards the connection is aborted.</param>
    public static async ValueTask<SocksRequest> NegotiateAsync(LoopSocket client, TimeSpan timeout)
    {
        var timer = client.Loop.StartTimer(timeout, static socket => ((LoopSocket)socket!).Abort(), client);
        var request = await NegotiateAsync(client);
        timer.Cancel();
        return request;
    }

    /// <summary>Tells the client how its request ended; after anything but success the caller closes the connection.</summary>
    /// <returns>False if the client is gone.</returns>
    public static ValueTask<bool> ReplyAsync(LoopSocket client, SocksReply reply) =>
        SendAsync(client, SocksNegotiation.ReplyOf(reply));

    private static async ValueTask<SocksRequest> NegotiateAsync(LoopSocket client)
    {
        var negotiation = new SocksNegotiation();
        var buffer = new byte[SocksNegotiation.MaxWanted];
        var status = SocksStatus.NeedsMore;
        while (status == SocksStatus.NeedsMore)
        {
            var wanted = negotiation.Wanted;
            if (!await ReceiveAsync(client, buffer.AsMemory(0, wanted)))
                return new(null, "The client left or was too slow during the negotiation.");

            status = negotiation.Advance(buffer.AsSpan(0, wanted));
            if (!negotiation.Reply.IsEmpty && !await SendAsync(client, negotiation.Reply.ToArray()))
                return new(null, "The client left during the negotiation.");
        }
        return new(negotiation.Target, negotiation.Failure);
    }

    private static async ValueTask<bool> ReceiveAsync(LoopSocket client, Memory<byte> into)
    {
        while (!into.IsEmpty)
        {
            var result = client.TryReceive(into.Span);
            if (result.Status == IoStatus.WouldBlock)
                await client.WaitReadableAsync();
            else if (result.Status != IoStatus.Done)
                return false;
            into = into[result.Bytes..];
        }
        return true;
    }

    private static async ValueTask<bool> SendAsync(LoopSocket client, ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var result = client.TrySend(bytes.Span);
            if (result.Status == IoStatus.WouldBlock)
                await client.WaitWritableAsync();
            else if (result.Status != IoStatus.Done)
                return false;
            bytes = bytes[result.Bytes..];
        }
        return true;
    }
}
